// @ts-check
// The webcrypto backend where it belongs: in a browser.

import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright';
import { keygen } from '../dist/index.js';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../test/support/chromium.js';
import { bundleForPage } from './bundle.js';
import { loadAverage } from './machine.js';
import { reportSeal } from './rsa.js';
import { TARGETS } from './targets.js';

const SIZE_MIB = 64;
const STREAM_MIB = 256;

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {{ effort: number }} settings */
export async function measureChromium(report, { effort }) {
  if (!existsSync(CHROMIUM_PATH)) {
    report.skip('Chromium: there is none here; install it or set CHROMIUM_PATH');
    return;
  }
  const server = serve(await bundleForPage('page.js'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const browser = await chromium.launch({
    executablePath: CHROMIUM_PATH,
    // A collector to call between runs.
    args: [...CHROMIUM_ARGUMENTS, '--js-flags=--expose-gc'],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction('globalThis.bench !== undefined');
    /** @param {string} name @param {...unknown} args @returns {Promise<any>} */
    const inPage = (name, ...args) =>
      page.evaluate(
        ([fn, list]) => /** @type {any} */ (globalThis).bench[fn](...list),
        /** @type {[string, unknown[]]} */ ([name, args]),
      );
    report.begin(
      'chromium',
      `Chromium ${browser.version()}, webcrypto backend. Bare: eight chunks in flight, the digest of each and of the whole; decryptStream: both from a stream of 64 KiB views of memory, the digest of each chunk, bytes counted`,
    );
    await measureInPage(report, inPage, effort);
  } finally {
    await browser.close();
    server.close();
    console.log(`(load average ${loadAverage().join(' ')})`);
  }
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

/** @param {Map<string, Uint8Array>} files */
function serve(files) {
  return createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const file = files.get(name);
    if (name === '') {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><script type="module" src="/page.js"></script>');
    } else if (file === undefined) {
      response.writeHead(404).end();
    } else {
      response.setHeader('content-type', 'text/javascript');
      response.end(file);
    }
  });
}
