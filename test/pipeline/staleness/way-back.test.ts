import { expect, it } from 'vitest';
import { checkout } from '../../../src/actions/checkout.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

const TEXT = 'stages: {use: {run: "true", deps: [my data]}}';

async function edited(commit: boolean): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(TEXT);
  workspace.write('my data/a', 'first');
  await workspace.add('my data');
  await workspace.repro();
  if (commit) workspace.commit('first');
  workspace.write('my data/a', 'second');
  await workspace.repro();
  return workspace;
}

const stored = ({ events }: PipelineWorkspace) =>
  events.flatMap((event) => (event.type === 'note' && event.code === 'data-stored' ? [event.message] : []));

it('repro that takes over edited data says how to return to what git has, and that returns', async () => {
  const workspace = await edited(true);
  expect(stored(workspace)).toEqual([
    'my data: edited since it was added; stored it and updated my data.ocr; to go back: \'git checkout -- "my data.ocr" && ocrpipe checkout "my data"\'',
  ]);
  workspace.git('checkout', '--', 'my data.ocr');
  await checkout({ targets: ['my data'], force: false }, workspace.call());
  expect(workspace.read('my data/a')).toBe('first');
});

it('names no way back to a pointer that git never had', async () => {
  expect(stored(await edited(false))).toEqual([
    'my data: edited since it was added; stored it and updated my data.ocr',
  ]);
});
