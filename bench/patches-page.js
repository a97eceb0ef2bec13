// The code for patches that runs inside Chromium; bundled from dist/.

import { applyPatch } from '../dist/release.js';
import { unzipBundle } from '../dist/zip.js';
import { mustAgree } from './format.js';
import { interleave } from './timing.js';

/** The server has the patch, the zip of the newer release, and the files of the older one in one piece each. */
async function measureApply({ paths, publicKey, appId, rounds }) {
  const get = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  const [patch, zip, older] = await Promise.all(['patch', 'zip', 'older'].map(get));
  let at = 0;
  const from = Object.fromEntries(
    paths.map(([path, size]) => {
      at += size;
      return [path, older.subarray(at - size, at)];
    }),
  );
  const options = { publicKey, appId, backend: 'webcrypto' };
  const applied = await applyPatch(patch, from, options);
  mustAgree(
    applied.size === (await unzipBundle(zip)).size,
    'a patch makes other files than the zip has',
  );
  return interleave(
    { applyPatch: () => applyPatch(patch, from, options), unzipBundle: () => unzipBundle(zip) },
    { rounds },
  );
}

globalThis.bench = { measureApply };
