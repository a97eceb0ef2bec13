// Codes a patch before it is sealed. The first call of `createPatch` loads this module.

import type { Planned } from '../archive/write/content.ts';
import { selectBackend } from '../backend/select.ts';
import { concat } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { createPace, type Pace, runSteps } from '../turn.ts';
import type { CreatePatchOptions } from './create-patch.ts';
import {
  checkFiles,
  letGo,
  planRelease,
  type ReleaseFile,
  type ReleaseFiles,
  readFiles,
} from './files.ts';
import { imageLength, writeImage } from './image.ts';
import { encodePatchHeader } from './patch-header.ts';
import { MAX_IMAGE_LENGTH } from './patch-limits.ts';
import { releaseIdOf } from './release-id-of-files.ts';

/** The plain bytes of a patch, and the ids of its two releases. */
export interface CodedPatch {
  readonly plain: Uint8Array;
  readonly from: string;
  readonly to: string;
}

type CodingOptions = Pick<CreatePatchOptions, 'backend' | 'signal' | 'onProgress'>;

/**
 * Codes a patch between two releases in every form that callers may pass. Cancels all streams if it fails.
 *
 * @param check - Awaited before any content is read.
 */
export async function codeReleases(
  from: ReleaseFiles,
  to: ReleaseFiles,
  options: CodingOptions,
  check: () => Promise<unknown>,
): Promise<CodedPatch> {
  checkFiles(from);
  checkFiles(to);
  const { signal } = options;
  const planned: Planned[] = [];
  try {
    await check();
    planned.push(...(await planRelease(from, signal)));
    const older = await readFiles(planned, signal);
    const plannedTo = await planRelease(to, signal);
    planned.push(...plannedTo);
    return await codePatch(older, await readFiles(plannedTo, signal), options);
  } catch (error) {
    letGo(from, planned, error);
    letGo(to, [], error);
    throw error;
  }
}

/**
 * Makes the instructions of a patch.
 *
 * @param space - The old image, and behind it the new one. The callee may transfer its memory to another thread.
 * @param tell - Called now and then with the bytes of the new image that are done.
 */
export type Encode = (
  space: Uint8Array<ArrayBuffer>,
  oldLength: number,
  tell: (done: number) => void,
) => Promise<Uint8Array>;

/**
 * Codes a patch between two releases in memory.
 *
 * @param options.encode - Default: in this thread, with pauses.
 */
export async function codePatch(
  older: readonly ReleaseFile[],
  newer: readonly ReleaseFile[],
  options: CodingOptions & { readonly encode?: Encode },
): Promise<CodedPatch> {
  const backend = await selectBackend(options.backend);
  const pace = createPace(options.signal);
  const fromLength = checkedLength(older);
  const toLength = checkedLength(newer);
  const ids = {
    from: await releaseIdOf(older, backend, pace),
    to: await releaseIdOf(newer, backend, pace),
  };
  const space = new Uint8Array(fromLength + toLength);
  writeImage(older, space);
  writeImage(newer, space.subarray(fromLength));
  const tell = (done: number) => options.onProgress?.({ done, total: toLength });
  const { encode = await encoderHere(pace) } = options;
  const coded = await encode(space, fromLength, tell);
  tell(toLength);
  return { plain: concat(encodePatchHeader({ ...ids, fromLength, toLength }), coded), ...ids };
}

async function encoderHere(pace: Pace): Promise<Encode> {
  const { encodeInstructions } = await import('./patch/encode.ts');
  return (space, oldLength, tell) => runSteps(encodeInstructions(space, oldLength), pace, tell);
}

function checkedLength(files: readonly ReleaseFile[]): number {
  const length = imageLength(files);
  if (length <= MAX_IMAGE_LENGTH) return length;
  throw new BundleSealError(
    'ERR_LIMIT_EXCEEDED',
    `the release takes ${length} bytes and a patch at most ${MAX_IMAGE_LENGTH}: publish the whole release alone`,
  );
}
