// Applies a patch: returns the whole and verified release that it makes, or throws.

import { createPace, type Pace } from '../archive/pace.ts';
import type { Planned } from '../archive/write/content.ts';
import type { Backend, BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { decryptObject } from '../bundle/decrypt.ts';
import { isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, type WorkOptions } from '../options.ts';
import type { BundleInput } from '../sources/input.ts';
import { checkAppId } from './app-id.ts';
import {
  checkFiles,
  letGo,
  planRelease,
  type ReleaseFile,
  type ReleaseFiles,
  readContents,
} from './files.ts';
import { idOf, releaseId } from './id.ts';
import { listLength, parseImage, writeList } from './image.ts';
import { type PatchLimits, readPatchLimits } from './limits.ts';
import { invalidPatch } from './patch/invalid.ts';
import { PATCH_HEADER_LENGTH, type PatchHeader, parsePatchHeader } from './patch-header.ts';
import { runSteps } from './steps.ts';

export interface ApplyPatchOptions extends WorkOptions {
  /** The app's public key, or several while keys rotate. The patch says which one to use. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The app that the patch must be for. */
  readonly appId: string;
  /** Bounds of what is accepted. */
  readonly limits?: PatchLimits;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

const OPTIONS: readonly string[] = [
  'publicKey',
  'appId',
  'limits',
  'signal',
  'onProgress',
  'backend',
];

// Bytes that are read of a content at once.
const PIECE = 2 ** 20;

/**
 * Applies a patch to the release that it starts from: returns exactly the files of the release that the patch names, or
 * throws and returns nothing.
 *
 * The checks, in this order: the seal, the kind and the app; that `from` is the release that the patch starts from;
 * both lengths against the limits, before memory is allocated for them; every instruction; the length of the result;
 * the list of its files and their paths; the id of the result. On any error the result is wiped. The files are views
 * of one buffer, in the order of the UTF-8 bytes of their paths.
 *
 * Memory: both images, the patch, and up to 32 MiB. The buffer of the result also contains the old image: copy the
 * files if you want to free it. The work pauses for timers, input and aborts.
 *
 * @param patch - A sealed patch, as `createPatch` made it.
 * @param from - The files of the installed release, as `zipBundle` takes them. A stamp among them is left out.
 * @param options.publicKey - PEM, DER or JWK, or several keys while keys rotate.
 * @param options.appId - The app that the patch must be for.
 * @param options.limits - `imageSize`: bytes of each of the two images, at most 1,073,741,823. Default 268,435,456.
 * `files`: files of the result. Default 65,536.
 * @param options.onProgress - Is told the bytes of the new image, files and list.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}:
 * the errors of `decryptBundle` (`ERR_HEADER_INVALID` also for an object of another kind, `ERR_EXPECTATION_FAILED`
 * for another app's patch); `ERR_PATCH_INVALID` if the patch is genuine, but starts from another release, exceeds a
 * limit, or does not make the release that it names (`cause`) – fetch the whole release instead; `ERR_SOURCE_FAILED`
 * if a content of `from` cannot be read.
 * @see docs/releases.md#patches
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { applyPatch, createPatch } from 'bundleseal/release';
 *
 * const { privateKey, publicKey } = await keygen();
 * const text = (value: string) => new TextEncoder().encode(value);
 * const before = { 'index.html': text('<script src="a1.js"></script>'), 'a1.js': text('run(1)') };
 * const after = { 'index.html': text('<script src="b2.js"></script>'), 'b2.js': text('run(2)') };
 * const { bytes } = await createPatch(before, after, { privateKey, appId: 'com.example.app' });
 *
 * const files = await applyPatch(bytes, before, { publicKey, appId: 'com.example.app' });
 * console.log([...files.keys()]); // b2.js, index.html
 * ```
 */
export async function applyPatch(
  patch: BundleInput,
  from: ReleaseFiles,
  options: ApplyPatchOptions,
): Promise<Map<string, Uint8Array>> {
  checkOptions('applyPatch', options, OPTIONS);
  checkAppId(options.appId);
  const limits = readPatchLimits(options.limits);
  checkFiles(from);
  const { publicKey, appId, signal, onProgress } = options;
  let planned: readonly Planned[] = [];
  let plain: Uint8Array | undefined;
  let space: Uint8Array | undefined;
  try {
    const backend = await selectBackend(options.backend);
    const opening = { publicKey, expect: { appId }, backend: backend.name };
    plain = await decryptObject(
      patch,
      signal === undefined ? opening : { ...opening, signal },
      'patch',
    );
    const header = parsePatchHeader(plain);
    planned = await planBase(from, signal);
    const { fromLength, toLength } = header;
    if (Math.max(fromLength, toLength) > limits.imageSize) {
      await checkBase(header, planned, options);
      throw invalidPatch(`has an image of more than ${limits.imageSize} bytes`);
    }
    // Most starts of an app find nothing to apply.
    const { decodeInstructions } = await import('./patch/decode.ts');
    const pace = createPace(signal);
    space = allocate(fromLength + toLength);
    const image = space.subarray(fromLength);
    const base = await fillBase(planned, space.subarray(0, fromLength), pace, signal);
    await checkId(base, header.from, OTHER_BASE, backend, pace);
    const steps = decodeInstructions(plain.subarray(PATCH_HEADER_LENGTH), space, fromLength);
    const tell = (done: number) => onProgress?.({ done, total: toLength });
    await runSteps(steps, pace, tell);
    const files = parseImage(image, limits.files);
    await checkId(files, header.to, 'does not make the release that it names', backend, pace);
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

const OTHER_BASE = 'starts from another release than the one that is here';

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

/** The files of the base as views of its image, which they have to fill exactly. */
async function fillBase(
  planned: readonly Planned[],
  room: Uint8Array,
  pace: Pace,
  signal: AbortSignal | undefined,
): Promise<Pick<ReleaseFile, 'path' | 'bytes'>[]> {
  // The length of the list depends on sizes that may be unknown until the contents are read.
  const start = listLength(planned.map(({ name }) => ({ name, size: 0 })));
  let at = start;
  const list: { path: string; name: Uint8Array; size: number }[] = [];
  await readContents(planned, signal, async ({ path, name, data }, take) => {
    const begin = at;
    const add = (piece: Uint8Array) => {
      if (piece.length > room.length - at) throw invalidPatch(OTHER_BASE);
      room.set(piece, at);
      at += piece.length;
    };
    if (isBytes(data)) {
      // Without the reader's copies, which may be garbage for long.
      add(data);
    } else {
      for (let piece = await take(PIECE); piece.length > 0; piece = await take(PIECE)) {
        add(piece);
        await pace();
      }
    }
    await pace();
    list.push({ path, name, size: at - begin });
  });
  const length = listLength(list);
  if (length + at - start !== room.length) throw invalidPatch(OTHER_BASE);
  room.copyWithin(length, start, at);
  writeList(list, room);
  at = length;
  return list.map(({ path, size }) => {
    at += size;
    return { path, bytes: room.subarray(at - size, at) };
  });
}

/** Judges the base where it may not be read into an image. */
async function checkBase(
  header: PatchHeader,
  planned: readonly Planned[],
  { signal, backend }: ApplyPatchOptions,
): Promise<void> {
  const id = await releaseId(planned, {
    ...(signal !== undefined && { signal }),
    ...(backend !== undefined && { backend }),
  });
  if (id !== header.from) throw invalidPatch(OTHER_BASE);
}

async function checkId(
  files: readonly Pick<ReleaseFile, 'path' | 'bytes'>[],
  expected: string,
  otherwise: string,
  backend: Backend,
  pace: Pace,
): Promise<void> {
  if ((await idOf(files, backend, pace)) !== expected) throw invalidPatch(otherwise);
}

function allocate(length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw invalidPatch(`needs ${length} bytes of memory, which are not to be had here`, cause);
  }
}
