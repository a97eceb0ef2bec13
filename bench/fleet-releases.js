// @ts-check Makes real releases of an app like a publisher: a bundle for each, and patches from earlier releases.

import { createHash } from 'node:crypto';
import { brotliCompressSync } from 'node:zlib';
import { encryptBundle } from '../dist/index.js';
import { applyPatch, createPatch, releaseId } from '../dist/release.js';
import { zipBundle } from '../dist/zip.js';
import { mustAgree, sameBytes } from './format.js';
import { filesOf } from './pairs.js';

/** The default of `bundleseal release publish`. */
const PATCHES = 5;

/** @typedef {import('./pairs.js').Files} Files */
/** @typedef {import('../dist/release.js').ReleaseEntry} ReleaseEntry */
/** @typedef {{ version: string, files: Files, digests: Map<string, number>, entry: ReleaseEntry }} Release `digests`: the SHA-256 of each file, and its size after brotli */
/** @typedef {{ name: string, folder: string, versions: readonly string[], hasSmallChanges?: boolean }} App */
/** @typedef {{ privateKey: string, publicKey: string, appId: string }} Keys */

/** @param {Uint8Array} bytes */
const sha256Of = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** @param {number} milliseconds */
export const timeOf = (milliseconds) =>
  new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

/**
 * Seals every release and the patches to it. Each patch is applied once, and has to give the real files.
 *
 * @param {App} app @param {Keys} keys @param {(n: number) => number} createdAt - Milliseconds since 1970, of the nth release.
 */
export async function makeReleases({ name, folder, versions }, keys, createdAt) {
  const { privateKey, publicKey, appId } = keys;
  /** @type {Map<string, Uint8Array>} */
  const objects = new Map();
  const put = (/** @type {Uint8Array} */ bytes) => {
    const sha256 = sha256Of(bytes);
    objects.set(sha256, bytes);
    return { sha256, size: bytes.length };
  };
  // Most files are in many releases.
  /** @type {Map<string, number>} */
  const compressed = new Map();
  /** @type {Release[]} */
  const releases = [];
  for (const [n, version] of versions.entries()) {
    const files = filesOf(name, folder, version);
    const digests = new Map();
    for (const bytes of Object.values(files)) {
      const sha256 = sha256Of(bytes);
      if (!compressed.has(sha256)) compressed.set(sha256, brotliCompressSync(bytes).length);
      digests.set(sha256, compressed.get(sha256));
    }
    const { bytes: bundle } = await encryptBundle(await zipBundle(files), {
      privateKey,
      metadata: { appId },
    });
    const patches = [];
    for (const from of releases.slice(-PATCHES)) {
      const patch = await createPatch(from.files, files, { privateKey, appId });
      const made = await applyPatch(patch.bytes, from.files, { publicKey, appId });
      mustAgree(made.size === Object.keys(files).length, `${name} ${version}: other files`);
      for (const [path, bytes] of made) {
        mustAgree(sameBytes(bytes, /** @type {Uint8Array} */ (files[path])), `${path} differs`);
      }
      // A publisher leaves out a patch that is no smaller than the bundle.
      if (patch.size < bundle.length) patches.push({ from: patch.from, ...put(patch.bytes) });
    }
    const entry = {
      id: await releaseId(files),
      version,
      createdAt: timeOf(createdAt(n)),
      size: Object.values(files).reduce((sum, { length }) => sum + length, 0),
      files: Object.keys(files).length,
      bundle: put(bundle),
      patches,
    };
    releases.push({ version, files, digests, entry });
  }
  return { releases, objects };
}
