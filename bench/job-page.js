// The code of the job that runs inside Chromium; bundled from dist/.

import { unzipSync } from 'fflate';
import { unzipBundle } from '../dist/zip.js';
import { mustAgree } from './format.js';
import { interleave } from './timing.js';

/** The server has the zip of the app. */
async function measureUnzip({ rounds }) {
  const zip = new Uint8Array(await (await fetch('zip')).arrayBuffer());
  mustAgree(
    (await unzipBundle(zip)).size === Object.keys(unzipSync(zip)).length,
    'unzipBundle and fflate find different files',
  );
  return interleave(
    { unzipBundle: () => unzipBundle(zip), 'fflate, which checks nothing': () => unzipSync(zip) },
    { rounds },
  );
}

globalThis.bench = { measureUnzip };
