import type { Capabilities, Remote, Traffic } from './remote.js';

/** What every remote says of itself that passes operations on to another: the same as that one. */
export abstract class RemoteWrapper implements Pick<Remote, 'where' | 'traffic' | 'capabilities' | 'close'> {
  protected readonly inner: Remote;

  constructor(inner: Remote) {
    this.inner = inner;
  }

  get where(): string {
    return this.inner.where;
  }

  get traffic(): Traffic {
    return this.inner.traffic;
  }

  get capabilities(): Capabilities {
    return this.inner.capabilities;
  }

  close(): void {
    this.inner.close();
  }
}
