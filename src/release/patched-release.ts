// Applies a patch. The first call of `applyPatch` loads this module.

import type { Planned } from '../archive/write/content.ts';
import type { Backend } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { decryptObject } from '../bundle/decrypt.ts';
import { isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import type { BundleInput } from '../sources/input.ts';
import { createPace, type Pace, runSteps } from '../turn.ts';
import { encodeText } from '../utf8.ts';
import type { ApplyPatchOptions } from './apply-patch.ts';
import { createCopiedFiles } from './copied-files.ts';
import {
  CONTENT_PIECE,
  checkFiles,
  letGo,
  planRelease,
  type ReleaseFile,
  type ReleaseFiles,
  readContents,
} from './files.ts';
import { listLength, parseImage, writeList } from './image.ts';
import { decodeInstructions } from './patch/decode.ts';
import {
  invalidPatch,
  PATCH_HEADER_LENGTH,
  type PatchHeader,
  parsePatchHeader,
} from './patch-header.ts';
import type { PatchLimits } from './patch-limits.ts';
import { digestsOf, idOfDigests, releaseIdOfFiles } from './release-id-of-files.ts';

const OTHER_BASE = 'starts from another release than the installed one';
const OTHER_RELEASE = 'does not make the release that it names';

/** @param options - The checked options, with limits. */
export async function makeRelease(
  patch: BundleInput,
  from: ReleaseFiles,
  options: ApplyPatchOptions & { readonly limits: Required<PatchLimits> },
): Promise<Map<string, Uint8Array>> {
  checkFiles(from);
  const { publicKey, appId, limits, signal, onProgress } = options;
  let planned: readonly Planned[] = [];
  let plain: Uint8Array | undefined;
  let space: Uint8Array | undefined;
  try {
    const backend = await selectBackend(options.backend);
    const opening = { publicKey, expect: { appId }, backend: backend.name };
    plain = await decryptObject(patch, { ...opening, signal }, 'patch');
    const header = parsePatchHeader(plain);
    planned = await planBase(from, signal);
    const { fromLength, toLength } = header;
    if (Math.max(fromLength, toLength) > limits.imageSize) {
      await checkBase(header, planned, options);
      throw invalidPatch(`has an image of more than ${limits.imageSize} bytes`);
    }
    const pace = createPace(signal);
    space = allocate(fromLength + toLength);
    const image = space.subarray(fromLength);
    const base = await fillBase(planned, space.subarray(0, fromLength), pace, signal);
    const digests = await digestsOf(base, backend, pace);
    await checkId(base, digests, header.from, OTHER_BASE, backend);
    const { copied, digestOf } = createCopiedFiles(base, digests);
    const coded = plain.subarray(PATCH_HEADER_LENGTH);
    const steps = decodeInstructions(coded, space, fromLength, copied);
    const tell = (done: number) => onProgress?.({ done, total: toLength });
    await runSteps(steps, pace, tell);
    const files = parseImage(image, limits.files);
    const made = await digestsOf(files, backend, pace, digestOf);
    await checkId(files, made, header.to, OTHER_RELEASE, backend);
    tell(toLength);
    signal?.throwIfAborted();
    return new Map(files.map(({ path, bytes }) => [path, bytes]));
  } catch (error) {
    letGo(from, planned, error);
    space?.fill(0);
    throw error;
  } finally {
    plain?.fill(0);
  }
}

async function planBase(
  from: ReleaseFiles,
  signal: AbortSignal | undefined,
): Promise<readonly Planned[]> {
  try {
    return await planRelease(from, signal);
  } catch (cause) {
    throw isNoRelease(cause) ? invalidPatch(OTHER_BASE, cause) : cause;
  }
}

function isNoRelease(error: unknown): boolean {
  return error instanceof BundleSealError && error.code === 'ERR_ARCHIVE_INVALID';
}

/**
 * Reads the files of the base into its image, which they have to fill exactly. Returns views of the image.
 */
async function fillBase(
  planned: readonly Planned[],
  room: Uint8Array,
  pace: Pace,
  signal: AbortSignal | undefined,
): Promise<Pick<ReleaseFile, 'path' | 'bytes'>[]> {
  // The length of the list depends on the sizes of the files. The sizes of streams are unknown until they are read.
  const start = listLength(
    planned.map(({ path, data }) => ({
      name: encodeText(path),
      size: isBytes(data) ? data.length : 0,
    })),
  );
  let at = start;
  const list: { path: string; name: Uint8Array; size: number }[] = [];
  await readContents(planned, signal, async ({ path, data }, take) => {
    const begin = at;
    const add = (piece: Uint8Array) => {
      if (piece.length > room.length - at) throw invalidPatch(OTHER_BASE);
      room.set(piece, at);
      at += piece.length;
    };
    if (isBytes(data)) {
      // Copies the data directly into the image, because copies of the reader might stay in memory for long.
      add(data);
    } else {
      for (
        let piece = await take(CONTENT_PIECE);
        piece.length > 0;
        piece = await take(CONTENT_PIECE)
      ) {
        add(piece);
        await pace();
      }
    }
    await pace();
    list.push({ path, name: encodeText(path), size: at - begin });
  });
  const length = listLength(list);
  if (length + at - start !== room.length) throw invalidPatch(OTHER_BASE);
  if (length !== start) room.copyWithin(length, start, at);
  writeList(list, room);
  at = length;
  return list.map(({ path, size }) => {
    at += size;
    return { path, bytes: room.subarray(at - size, at) };
  });
}

/** Checks the base without an image if the image would exceed the limits. */
async function checkBase(
  header: PatchHeader,
  planned: readonly Planned[],
  { signal, backend }: ApplyPatchOptions,
): Promise<void> {
  const id = await releaseIdOfFiles(planned, {
    signal,
    ...(backend !== undefined && { backend }),
  });
  if (id !== header.from) throw invalidPatch(OTHER_BASE);
}

async function checkId(
  files: readonly Pick<ReleaseFile, 'path'>[],
  digests: readonly Uint8Array[],
  expected: string,
  otherwise: string,
  backend: Backend,
): Promise<void> {
  if ((await idOfDigests(files, digests, backend)) !== expected) throw invalidPatch(otherwise);
}

function allocate(length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw invalidPatch(`needs ${length} bytes of memory, more than this device can give`, cause);
  }
}
