// Turns errors of the file system into messages that say what the user can do.

import { BundleSealError } from '../errors.ts';
import { describe } from '../options.ts';

const ADVICE: Record<string, string> = {
  ENOENT: 'it does not exist, check the path',
  ENOTDIR: 'a part of the path is a file, check the path',
  EEXIST: 'something else has that name, move it away or choose another name',
  EISDIR: 'it is a folder, pass the path of a file',
  EACCES: 'this user is not allowed to, check the permissions',
  EPERM: 'this user is not allowed to, check the permissions',
  EROFS: 'the file system is read-only, choose another place',
  ENOSPC: 'the disk is full, make room and try again',
  EDQUOT: 'the quota is used up, make room and try again',
  EFBIG: 'the file would be larger than allowed here, choose another place',
  EMFILE: 'too many files are open, close some or raise the limit',
  ENFILE: 'too many files are open, close some or raise the limit',
  EBUSY:
    'another program is using it or it is mounted there by itself, close that or choose another place',
  ERR_ACCESS_DENIED:
    "Node's permission model does not allow it, name it in --allow-fs-read or --allow-fs-write",
  ELOOP: 'its links lead in a circle, check the path',
  ENAMETOOLONG: 'its name is too long, choose a shorter one',
  EINVAL: 'the file system does not allow it, choose another name or place',
  EIO: 'the disk or the network drive reports a fault, check it and try again',
  ESTALE: 'the network drive was disconnected, mount it again',
};

/** The two phrases that {@link fileError} uses most often. */
export const UNREADABLE = "can't be read";
export const UNWRITABLE = "can't be written";

/** Makes an error. `what`, e.g. {@link UNREADABLE}, follows the path in the message. */
export function fileError(path: string, what: string, cause?: unknown): BundleSealError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const advice = code === undefined ? undefined : (ADVICE[code] ?? `the system says ${code}`);
  const message = `${JSON.stringify(path)} ${what}${advice === undefined ? '' : `: ${advice}`}`;
  return new BundleSealError('ERR_FILE', message, {
    path,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Returns the result of `work`. Throws an error of the file system as `ERR_FILE`. */
export async function onFile<T>(path: string, what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fileError(path, what, error);
  }
}

export function checkPath(name: string, path: unknown): void {
  if (typeof path !== 'string') {
    throw new TypeError(`${name} expected a path as a string, got ${describe(path)}`);
  }
  if (path === '' || path.includes('\0')) {
    throw new TypeError(
      `${name} expected a path, got ${path === '' ? 'an empty string' : 'one with a NUL in it'}`,
    );
  }
}
