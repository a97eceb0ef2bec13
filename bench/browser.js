// @ts-check Runs a file of the bench in a page of Chromium.

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../test/support/chromium.js';
import { bundleForPage } from './bundle.js';
import { loadAverage } from './machine.js';

/** @typedef {(name: string, ...args: unknown[]) => Promise<any>} InPage calls what the file put into `globalThis.bench` */

/** @param {ReturnType<typeof import('./report.js').createReport>} report */
export function hasBrowser(report) {
  if (existsSync(CHROMIUM_PATH)) return true;
  report.skip('Chromium: there is none here; install it or set CHROMIUM_PATH');
  return false;
}

/**
 * @param {string} file
 * @param {(inPage: InPage, version: string) => Promise<void>} work
 * @param {Record<string, Uint8Array>} [more] - Files that the page can fetch, by name.
 */
export async function withPage(file, work, more = {}) {
  const files = new Map([...(await bundleForPage(file)), ...Object.entries(more)]);
  const server = serve(files, file);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const browser = await chromium.launch({
    executablePath: CHROMIUM_PATH,
    // Exposes `gc`, which the bench calls between runs.
    args: [...CHROMIUM_ARGUMENTS, '--js-flags=--expose-gc'],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction('globalThis.bench !== undefined');
    /** @type {InPage} */
    const inPage = (name, ...args) =>
      page.evaluate(
        ([fn, list]) => /** @type {any} */ (globalThis).bench[fn](...list),
        /** @type {[string, unknown[]]} */ ([name, args]),
      );
    await work(inPage, browser.version());
  } finally {
    await browser.close();
    server.close();
    console.log(`(load average ${loadAverage().join(' ')})`);
  }
}

/** @param {Map<string, Uint8Array>} files @param {string} script */
function serve(files, script) {
  return createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const file = files.get(name);
    if (name === '') {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><script type="module" src="/${script}"></script>`);
    } else if (file === undefined) {
      response.writeHead(404).end();
    } else {
      response.setHeader('content-type', 'text/javascript');
      response.end(file);
    }
  });
}
