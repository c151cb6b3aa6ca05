import type { OcrpipeEvent } from '../base/events.js';
import { bytesText, secondsText } from './units.js';
import { visibleInLine, visibleMessage } from './visible.js';

type Progress = Extract<OcrpipeEvent, { type: 'progress' }>;

/**
 * The one line that an event leaves behind for good, or undefined for what only moves a live line. Names in it cannot steer the
 * terminal; what a stage writes is its own, colours and all.
 */
export function eventLine(event: OcrpipeEvent): string | undefined {
  switch (event.type) {
    case 'note':
      return visibleMessage(event.level === 'warning' ? `warning: ${event.message}` : event.message);
    case 'waiting':
      return visibleInLine(
        `waiting for ${event.what}, held by ${event.holder} for ${secondsText(event.sinceSeconds)}`,
      );
    case 'progress':
    case 'progress-end':
    case 'schedule':
      return undefined;
    default:
      return stageLine(event);
  }
}

type StageEvent = Extract<OcrpipeEvent, { stage: string }>;

function stageLine(event: StageEvent): string | undefined {
  const { stage } = event;
  switch (event.type) {
    case 'stage-waiting':
      return `${stage}: waits for ${event.pools.join(' and ')}`;
    case 'stage-start': {
      const why = event.reasons.length > 0 ? ` (${event.reasons.join('; ')})` : '';
      return visibleInLine(`${stage}: starts${why}`);
    }
    case 'stage-output':
      return event.live ? undefined : `${stage} | ${stageOutput(event)}`;
    case 'stage-retry': {
      const again = secondsText(event.seconds);
      return visibleInLine(
        `${stage}: attempt ${event.attempt} failed (${event.error.message}); again in ${again}`,
      );
    }
    case 'stage-end':
      return endLine(event);
  }
}

/** Of a stage that had nothing to do, or was not come to, the result says all there is to say. */
function endLine({
  stage,
  action,
  seconds,
}: Extract<OcrpipeEvent, { type: 'stage-end' }>): string | undefined {
  if (action === 'fresh' || action === 'frozen' || action === 'skipped') return undefined;
  return `${stage}: ${action}${action === 'ran' ? ` in ${secondsText(seconds)}` : ''}`;
}

/** A line of a stage, less the name of the stage where it begins with that: `train: 3 of 12 steps` of stage `train`. */
export function stageOutput({ stage, line }: { stage: string; line: string }): string {
  return line.startsWith(`${stage}: `) ? line.slice(stage.length + 2) : line;
}

/** 'upload: 25 %, 3 of 12 MB': what matters most first, where a narrow terminal cuts the rest. */
export function progressText(event: Progress): string {
  const amount = (count: number): string => (event.unit === 'bytes' ? bytesText(count) : String(count));
  const unit = event.unit === 'bytes' ? '' : ` ${event.unit}`;
  const of = event.total === undefined ? '' : ` of ${amount(event.total)}`;
  const share = event.total ? `${Math.floor((100 * event.done) / event.total)} %, ` : '';
  const detail = event.detail === undefined ? '' : `, ${event.detail}`;
  return visibleInLine(`${event.key}: ${share}${amount(event.done)}${of}${unit}${detail}`);
}
