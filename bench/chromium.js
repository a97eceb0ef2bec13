// @ts-check Measures the webcrypto backend in a browser.

import { createPrivateKey } from 'node:crypto';
import { keygen } from '../dist/index.js';
import { hasBrowser, withPage } from './browser.js';
import { reportSeal } from './rsa.js';
import { TARGETS } from './targets.js';

const SIZE_MIB = 64;
const STREAM_MIB = 256;

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {{ effort: number }} settings */
export async function measureChromium(report, { effort }) {
  if (!hasBrowser(report)) return;
  await withPage('page.js', async (inPage, version) => {
    report.begin(
      'chromium',
      `Chromium ${version}, webcrypto backend. Bare: eight chunks in flight, the digest of each and of the whole; decryptStream: both from a stream of 64 KiB views of memory, the digest of each chunk, bytes counted`,
    );
    await measureInPage(report, inPage, effort);
  });
}

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {(name: string, ...args: unknown[]) => Promise<any>} inPage @param {number} effort */
async function measureInPage(report, inPage, effort) {
  const pair = await keygen();
  const jwk = createPrivateKey(pair.privateKey).export({ format: 'jwk' });
  const bytes = SIZE_MIB * 2 ** 20;
  const rounds = Math.ceil(9 * effort);
  const { encrypt, decrypt } = await inPage('measureThroughput', {
    ...pair,
    jwk,
    size: bytes,
    rounds,
  });
  const options = { bytes, target: TARGETS.chromiumRatio };
  report.compare(`encryptBundle ${SIZE_MIB} MiB`, encrypt, options);
  report.compare(`decryptBundle ${SIZE_MIB} MiB`, decrypt, options);
  const stream = await inPage('measureStream', {
    ...pair,
    jwk,
    size: STREAM_MIB * 2 ** 20,
    rounds,
  });
  report.compare(`decryptStream ${STREAM_MIB} MiB, 64 KiB pieces, read and counted`, stream, {
    bytes: STREAM_MIB * 2 ** 20,
    target: TARGETS.chromiumStreamRatio,
  });
  reportSeal(
    report,
    await inPage('measureSealInJavaScript', pair, { rounds: Math.ceil(15 * effort) }),
  );
  const keys = Math.ceil(9 * effort);
  for (const modulusBits of [3072, 4096]) {
    const made = await inPage('measureKeygen', { modulusBits, rounds: keys });
    report.time(`key generation ${modulusBits}, native, ${keys} keys`, made);
  }
}
