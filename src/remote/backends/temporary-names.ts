import { randomBytes, randomUUID } from 'node:crypto';

/** What is on its way, or tried out, stands here, on a folder's own file system. Not part of the layout: no reader looks here. */
export const TEMPORARY_FOLDER = 'tmp';

/** The key of an object by which a remote is tried out. */
export function probeKey(): string {
  return `${TEMPORARY_FOLDER}/probe-${randomUUID()}`;
}

/** The name of a file in the temporary folder that becomes an object. */
export function temporaryName(): string {
  return `${process.pid.toString(36)}-${randomBytes(9).toString('hex')}`;
}

/** The name of the folder in the temporary one by which a writer claims the name of an object. */
export function claimName(target: string): string {
  return `claim-${target}`;
}

const OURS = [/^probe-[0-9a-f-]{36}$/, /^[0-9a-z]{1,8}-[0-9a-f]{18}$/, /^claim-[A-Za-z0-9._-]+$/];

/** True for the names above: somebody else's files may lie there, too. */
export function isTemporaryName(name: string): boolean {
  return OURS.some((form) => form.test(name));
}
