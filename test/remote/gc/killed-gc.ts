import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { fsckRemote } from '../../../src/actions/fsck-remote.js';
import { gcRemote } from '../../../src/actions/gc-remote.js';
import { push } from '../../../src/actions/push.js';
import { remoteAdd } from '../../../src/actions/remote-add.js';
import type { ContentId } from '../../../src/base/content-id.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { RemoteSettings } from '../../../src/config/settings.js';
import type { Remote } from '../../../src/remote/backends/remote.js';
import { loadView } from '../../../src/remote/catalog/load-view.js';
import { WorkspaceFolder } from '../../actions/workspace-folder.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { Machine, randomFiles, type Folder } from '../rig.js';
import { pastOf, passTime } from './passing-time.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const GRACE_DAYS = 8;
export const GC = ['gc', '--remote', '--workspace'];

/** A place of a remote, and how the command that collects there is killed. */
export interface KilledPlace {
  readonly settings: RemoteSettings;
  open(): Promise<Remote>;
  /** Runs the command, which dies by SIGKILL at some point; false if it came to its end before. */
  killed(folder: string): Promise<boolean>;
}

/** What a project has on a remote that others use, too: most of what it pushed long ago is needed no more. */
class Project {
  readonly workspace = new WorkspaceFolder(temporaryFolder());
  readonly #place: KilledPlace;
  readonly #garbage: Folder = { ...randomFiles(6, 3000), 'large-garbage': randomBytes(1_100_000) };
  readonly #needed: Folder = { ...randomFiles(3, 1000), large: randomBytes(1_200_000) };
  /** What others pushed, each with what has all of it. */
  readonly #others: { machine: Machine; id: ContentId }[] = [];

  constructor(place: KilledPlace) {
    this.#place = place;
  }

  async setUp(): Promise<void> {
    const { workspace } = this;
    workspace.init();
    await remoteAdd(
      { name: 'here', settings: this.#place.settings, makeDefault: true, check: true },
      workspace.call,
    );
    const project = /^project: (\S+)/m.exec(workspace.read('.ocrstore/config.yaml'))![1]!;
    const before = new Machine();
    for (const folder of [{ garbage: this.#garbage, ...this.#needed }, ...this.#small()])
      await before.push(pastOf(await this.#place.open(), 40 * DAY_MS), [before.add(folder)], { project });
    for (const [name, content] of Object.entries(this.#needed))
      workspace.write(`data/${name}`, content as Buffer);
    await workspace.add('data');
    await push({ targets: [], verify: false, jobs: 2 }, workspace.call);
  }

  /** Enough small packs to be joined, each with something that is needed. */
  #small(): Folder[] {
    return Object.entries(this.#needed).flatMap(([name, content]) =>
      [0, 1, 2].map((n) => ({ [`${name}-${n}`]: content as Buffer, own: randomBytes(100) })),
    );
  }

  /** Somebody else pushes something of their own, part of what is needed, and part of what is garbage, the smaller. */
  async othersPush(): Promise<void> {
    const machine = new Machine();
    const shared = Object.fromEntries(Object.entries(this.#garbage).slice(0, 2));
    const id = machine.add({ shared, ...this.#needed, own: randomBytes(300) });
    await machine.push(await this.#place.open(), [id], { project: `other-${this.#others.length}` });
    this.#others.push({ machine, id });
  }

  async collect(): Promise<void> {
    const options = { workspace: true, projects: [], allowMissing: false, skipBroken: [] };
    await gcRemote({ ...options, fetch: false, exclusive: false, dryRun: false }, this.workspace.call);
  }

  /** The grace period goes by. */
  async waits(): Promise<void> {
    await passTime(await this.#place.open(), GRACE_DAYS * DAY_MS);
    this.workspace.remove('.ocrstore/index/remotes');
  }

  async expectNothingLost(told: string): Promise<void> {
    const machine = new Machine();
    for (const { machine: owner, id } of [{ machine, id: machine.add(this.#needed) }, ...this.#others]) {
      const reader = new Machine();
      await reader.fetch(await this.#place.open(), [id]);
      expect(reader.files(id), told).toEqual(owner.files(id));
    }
    expect(await fsckRemote({ repair: false }, this.workspace.call), told).toMatchObject({
      damaged: [],
      missing: [],
    });
  }

  /** Nothing is there that nobody needs. */
  async expectTidy(told: string): Promise<void> {
    const { unnamed } = await fsckRemote({ repair: false }, this.workspace.call);
    expect(unnamed, told).toEqual({ files: 0, bytes: 0 });
    const view = await loadView(new Machine().source(await this.#place.open()));
    const shared = new Set(
      Object.values(this.#garbage)
        .slice(0, 2)
        .map((each) => contentIdOf(each as Buffer)),
    );
    for (const content of Object.values(this.#garbage)) {
      const id = contentIdOf(content as Buffer);
      expect(view.has('blob', id), told).toBe(this.#others.length > 0 && shared.has(id));
    }
  }
}

/** The command dies, others push, it is run again: before the grace period and after it. Returns how often it died. */
export async function expectCollectedInTheEnd(place: KilledPlace, told: string): Promise<number> {
  const project = new Project(place);
  await project.setUp();
  let deaths = 0;
  for (let phase = 1; phase <= 2; phase += 1) {
    deaths += Number(await place.killed(project.workspace.root));
    await project.othersPush();
    await project.expectNothingLost(`after phase ${phase}, ${told}`);
    await project.collect();
    await project.waits();
  }
  for (let again = 0; again < 2; again += 1) {
    await project.collect();
    await project.waits();
  }
  await project.expectNothingLost(told);
  await project.expectTidy(told);
  return deaths;
}
