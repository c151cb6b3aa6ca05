import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProcess, type RunResult } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** Stands for Python: its venv holds a pip that installs a server that runs, or fails as it is told to. */
const PYTHON = `#!/bin/sh
mkdir -p "$3/bin"
cat > "$3/bin/python" <<'END'
#!/bin/sh
[ -z "$NO_INDEX" ] || exit 1
printf '#!/bin/sh\\nexit 0\\n' > "$(dirname "$0")/weed"
chmod +x "$(dirname "$0")/weed"
END
chmod +x "$3/bin/python"
`;

/** A copy of the script, and of what it shares with others, in a project of its own, whose only Python is the one above. */
class Project {
  readonly root = temporaryFolder();
  readonly server = join(this.root, '.cache', 's3-server');

  constructor(python = PYTHON) {
    mkdirSync(join(this.root, 'scripts'));
    for (const name of ['s3-server.mjs', 'test-server.mjs']) {
      const script = fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
      copyFileSync(script, join(this.root, 'scripts', name));
    }
    if (python !== '') this.#program(join(this.root, 'bin', 'python3'), python);
  }

  install(env: Record<string, string> = {}): Promise<RunResult> {
    const path = { PATH: `${join(this.root, 'bin')}:/usr/bin:/bin`, ...env };
    return runProcess(process.execPath, ['scripts/s3-server.mjs', 'install'], { cwd: this.root, env: path });
  }

  /** What an earlier installation left. */
  leave(name: string, content: string): void {
    this.#program(join(this.server, name), content);
  }

  #program(file: string, content: string): void {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, 0o755);
  }
}

describe('the installation of the S3 server for tests', () => {
  it('is made anew where an earlier one was cut off, or does not run', async () => {
    for (const [name, content] of [
      ['lib/left', ''],
      ['bin/weed', '#!/bin/sh\nexit 1\n'],
    ] as const) {
      const project = new Project();
      project.leave(name, content);
      expect(await project.install()).toMatchObject({ exitCode: 0, stderr: '' });
      expect(existsSync(join(project.server, 'bin', 'weed'))).toBe(true);
      expect(readdirSync(join(project.root, '.cache'))).toEqual(['s3-server']);
      expect(await project.install({ NO_INDEX: '1' })).toMatchObject({ exitCode: 0 });
    }
  });

  it('says what is missing, and leaves nothing half-done', async () => {
    const project = new Project();
    const refused = await project.install({ NO_INDEX: '1' });
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^error: .*pip cannot install.*\n$/);
    expect(readdirSync(join(project.root, '.cache'))).toEqual([]);
    const none = await new Project('').install({ PATH: '/nonexistent' });
    expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no python3') as unknown });
  });
});
