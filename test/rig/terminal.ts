import { spawnSync } from 'node:child_process';
import { textWidth } from '../../src/cli/text-width.js';
import { OCRPIPE_SCRIPT, runProcess, type RunResult } from './ocrpipe.js';

/** Why there is no pseudo terminal here; undefined if there is: Python's standard library opens it. */
export function noTerminal(): string | undefined {
  const { status } = spawnSync('python3', ['-c', 'import fcntl, pty, termios']);
  return status === 0 ? undefined : 'no python3 with the modules pty, fcntl and termios';
}

/** Arguments: columns, text at whose appearance something is typed ('' for never), what is typed, command line. */
const PTY = `
import fcntl, os, pty, struct, sys, termios
columns, typed_at, text, *command = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(columns), 0, 0))
    os.execvp(command[0], command)
seen, typed = b'', typed_at == ''
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        break
    if not part:
        break
    seen += part
    if not typed and typed_at.encode() in seen:
        typed = True
        os.write(terminal, text.encode())
sys.stdout.buffer.write(seen)
sys.stdout.flush()
status = os.waitpid(child, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 255)
`;

/** Runs a command line on a pseudo terminal of a width, and types `text` when `typeAt` appears; stdout is all that was written. */
export function onTerminal(
  command: readonly string[],
  options: { cwd: string; env: Record<string, string>; columns: number; typeAt: string; text: string },
): Promise<RunResult> {
  const { cwd, env, columns, typeAt, text } = options;
  return runProcess('python3', ['-c', PTY, String(columns), typeAt, text, ...command], { cwd, env });
}

export interface TerminalRun {
  /** All that was written, control sequences included. */
  written: string;
  /** The lines that stand on the terminal in the end, those that scrolled away included. */
  lines: string[];
  exitCode: number | undefined;
}

/** Runs the real binary on a pseudo terminal of a width, and types Ctrl-C when `interruptAt` appears. */
export async function runOnTerminal(
  args: readonly string[],
  options: { cwd: string; env: Record<string, string>; columns: number; interruptAt?: string },
): Promise<TerminalRun> {
  const { cwd, env, columns, interruptAt = '' } = options;
  const command = [process.execPath, OCRPIPE_SCRIPT, ...args];
  const typed = { typeAt: interruptAt, text: '\x03' };
  const { stdout, exitCode } = await onTerminal(command, { cwd, env, columns, ...typed });
  return { written: stdout, lines: screenOf(stdout, columns), exitCode };
}

/** 'Up n lines', 'erase below', or any one character. */
const CONTROL = new RegExp(String.raw`\u001B\[(\d+)A|(\u001B\[0J)|[\s\S]`, 'gu');

/** What a terminal shows of `written`: of control sequences, 'up n lines' and 'erase below' are understood. */
function screenOf(written: string, columns: number): string[] {
  const lines: string[] = [''];
  let row = 0;
  const down = (): void => {
    row += 1;
    lines[row] ??= '';
  };
  for (const [token, up, erase] of written.matchAll(CONTROL)) {
    if (up !== undefined) row = Math.max(0, row - Number(up));
    else if (erase !== undefined) lines.splice(row, Infinity, '');
    else if (token === '\n') down();
    else if (token !== '\r') {
      if (columns > 0 && textWidth(`${lines[row] ?? ''}${token}`) > columns) down();
      lines[row] = `${lines[row] ?? ''}${token}`;
    }
  }
  return lines.filter((line, at) => line !== '' || at < lines.length - 1);
}
