import type { Location } from '../../../base/errors.js';

/** `file:line:column`, as far as it is known. */
export function locationText(location: Location): string {
  return [location.file, location.line, location.column].filter((part) => part !== undefined).join(':');
}
