// Makes the patches to a release from the releases that devices have.

import { selectBackend } from '../backend/select.ts';
import { encryptObject } from '../bundle/encrypt.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import type { PrivateKeyInput } from '../keys/strict.ts';
import type { Progress, WorkOptions } from '../options.ts';
import { codePatch } from '../release/code-patch.ts';
import type { ReleaseFile } from '../release/files.ts';
import { imageLength } from '../release/image.ts';
import type { ReleasePatch } from '../release/index-format.ts';
import { readPatchLimits } from '../release/limits.ts';
import type { Signer } from '../seal/signing-key.ts';
import type { NewObject } from './change.ts';

/** A release that a patch may start from. */
export interface Base {
  readonly id: string;
  load(): Promise<readonly ReleaseFile[]>;
}

/** A patch that was not made, and why. */
export interface SkippedPatch {
  /** The id of the release that the patch would start from. */
  readonly from: string;
  /**
   * `no gain`: the patch would take 90 % of the bundle or more. `too large`: devices do not patch images of this size.
   * `unreadable`: the bundle of that release is missing in the store, or is another file than the index names.
   */
  readonly reason: 'no gain' | 'too large' | 'unreadable';
  /** The fault of the bundle. */
  readonly message?: string;
}

export interface Ways {
  readonly patches: ReleasePatch[];
  readonly objects: NewObject[];
  readonly skipped: SkippedPatch[];
}

export interface WayOptions {
  readonly privateKey: PrivateKeyInput | Signer;
  readonly appId: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the progress of the patch from the base at `index`, in bytes of the new image. */
  readonly onPatch: (index: number, done: number) => void;
}

// A patch is kept if it takes less than this share of the bundle.
const GAIN = 0.9;

/** Makes a patch from each base; keeps those that save bytes. */
export async function makeWays(
  files: readonly ReleaseFile[],
  bundleSize: number,
  bases: readonly Base[],
  options: WayOptions,
): Promise<Ways> {
  const ways: Ways = { patches: [], objects: [], skipped: [] };
  for (const [index, base] of bases.entries()) {
    const onProgress = ({ done }: Progress) => options.onPatch(index, done);
    const made = await makeWay(files, bundleSize, base, { ...options, onProgress });
    if ('reason' in made) {
      ways.skipped.push(made);
      continue;
    }
    const { bytes, ...patch } = made;
    ways.patches.push(patch);
    ways.objects.push({ sha256: patch.sha256, bytes });
  }
  return ways;
}

async function makeWay(
  files: readonly ReleaseFile[],
  bundleSize: number,
  { id: from, load }: Base,
  { privateKey, appId, signal, onProgress }: WayOptions & Pick<Required<WorkOptions>, 'onProgress'>,
): Promise<SkippedPatch | (ReleasePatch & Pick<NewObject, 'bytes'>)> {
  const { imageSize } = readPatchLimits();
  if (imageLength(files) > imageSize) return { from, reason: 'too large' };
  let base: readonly ReleaseFile[];
  try {
    base = await load();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof BundleSealError)) throw error;
    return { from, reason: 'unreadable', message: error.message };
  }
  if (imageLength(base) > imageSize) return { from, reason: 'too large' };
  const { plain } = await codePatch(base, files, { ...(signal && { signal }), onProgress });
  if (plain.length >= GAIN * bundleSize) return { from, reason: 'no gain' };
  const sealing = { privateKey, metadata: { appId }, ...(signal && { signal }) };
  const { bytes } = await encryptObject(plain, sealing, 'patch');
  if (bytes.length >= GAIN * bundleSize) return { from, reason: 'no gain' };
  const sha256 = toHex(await (await selectBackend()).sha256(bytes));
  return { from, sha256, size: bytes.length, bytes };
}
