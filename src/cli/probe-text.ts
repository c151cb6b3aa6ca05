import type { Probed } from '../remote/backends/probe.js';

/** What a remote can do, and what follows from what it cannot. */
export function probeLines({ conditionalCreate, refusesDamage, ranges }: Probed): string[] {
  return [
    line(conditionalCreate, 'refuses to overwrite what another writer made', CREATE_MISSING),
    line(refusesDamage, 'refuses damaged uploads', "'ocrpipe push --verify' finds what arrived damaged"),
    line(
      ranges,
      'reads parts of objects',
      'a pull that wants a part of a pack fails there: use another service',
    ),
  ];
}

const CREATE_MISSING = "push from one machine at a time, and 'ocrpipe gc --remote' needs --exclusive there";

function line(works: boolean, what: string, otherwise: string): string {
  return works ? `  yes  ${what}` : `  NO   ${what}: ${otherwise}`;
}
