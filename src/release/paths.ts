// Which paths a release may have, beside what an archive refuses.

import { pathFault } from '../archive/format/paths.ts';
import { foldName } from '../fold.ts';
import { STAMP } from './stamp.ts';

/**
 * Says why a release may not have a file of this path, written to go on after the path; `undefined` where it may. The
 * stamp is the caller's affair.
 */
export function releasePathFault(path: string): string | undefined {
  const fault = pathFault(path);
  if (fault !== undefined) return fault;
  if (path.normalize('NFC') !== path) {
    return 'is not in the Unicode form NFC, so it would differ between platforms: rename it';
  }
  const end = path.indexOf('/');
  // Else the stamp could not be written beside it where case does not count.
  if (foldName(end === -1 ? path : path.slice(0, end)) === STAMP) {
    return `is in the place of the stamp "${STAMP}": rename it`;
  }
  return undefined;
}
