// Applies a patch: returns the complete and verified new release, or rejects.

import type { BackendChoice } from '../backend/backend.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkAppId, checkOptions, type OptionRules, type WorkOptions } from '../options.ts';
import type { BundleInput } from '../sources/input.ts';
import type { ReleaseFiles } from './files.ts';
import { type PatchLimits, readPatchLimits } from './patch-limits.ts';

/** Options of {@link applyPatch}. */
export interface ApplyPatchOptions extends WorkOptions {
  /** The app's public key, or several while keys rotate. The patch says which one to use. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The app that the patch must be for. */
  readonly appId: string;
  /** Limits for the patch. */
  readonly limits?: PatchLimits;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

const OPTIONS: OptionRules<ApplyPatchOptions> = {
  publicKey: 'any',
  appId: 'any',
  limits: 'any',
  signal: 'signal',
  onProgress: 'function',
  backend: 'any',
};

/**
 * Applies a patch to the release that it starts from. Returns exactly the files of the new release that the patch
 * names, or rejects.
 *
 * The checks, in this order: the seal, the kind and the app; that `from` is the release that the patch starts from;
 * both lengths against the limits, before memory is allocated for them; every instruction; the length of the result;
 * the list of its files and their paths; the id of the result. On any error, it wipes the result. The returned files
 * are views of one buffer, in the order of the UTF-8 bytes of their paths.
 *
 * Memory: both images, the patch, and up to 32 MiB. The buffer of the result also contains the old image: copy the
 * files if you want to free that memory. The work pauses for timers, input and aborts. The first call loads the
 * decoder.
 *
 * @param patch - A sealed patch, as `createPatch` made it.
 * @param from - The files of the installed release, as `zipBundle` takes them. The call ignores a stamp among them.
 * @param options.publicKey - PEM, DER or JWK, or several keys while keys rotate.
 * @param options.appId - The app that the patch must be for.
 * @param options.limits - `imageSize`: the most bytes of each image, at most 1,073,741,823. Default 268,435,456.
 * `files`: the most files of the result. Default 65,536.
 * @param options.onProgress - Called with the bytes of the new image: its files and list.
 * @returns The content of each file of the new release by its path.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}:
 * the errors of `decryptBundle` (`ERR_HEADER_INVALID` also for an object of another kind, `ERR_EXPECTATION_FAILED`
 * for another app's patch); `ERR_PATCH_INVALID` if the patch is genuine, but starts from another release, exceeds a
 * limit, or does not make the release that it names (`cause`): fetch the whole release instead; `ERR_SOURCE_FAILED`
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
  const checked = { ...options, limits: readPatchLimits(options.limits) };
  // Loads the decoder on demand, because most starts of an app apply no patch.
  const { makeRelease } = await import('./patched-release.ts');
  return makeRelease(patch, from, checked);
}
