// Additional rules for the paths of a release.

import { pathFault } from '../archive/format/paths.ts';
import { foldName } from '../fold.ts';
import { STAMP } from './stamp.ts';

/**
 * Returns why a release must not have a file with this path, as the end of a sentence that begins with the path;
 * `undefined` if the path is accepted. The caller handles the stamp itself.
 */
export function releasePathFault(path: string): string | undefined {
  const fault = pathFault(path);
  if (fault !== undefined) return fault;
  if (path.normalize('NFC') !== path) {
    return 'is not in the Unicode form NFC, so it would differ between platforms: rename it';
  }
  const end = path.indexOf('/');
  // On file systems that ignore case, this path and the stamp would be the same file.
  if (foldName(end === -1 ? path : path.slice(0, end)) === STAMP) {
    return `is in the place of the stamp "${STAMP}": rename it`;
  }
  return undefined;
}
