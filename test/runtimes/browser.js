// Pages and workers in a real browser, each loading one bundled file from a server of this process.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { bundle } from './bundle.js';
import { runPwa } from './pwa.js';

/** A name that is not localhost: over plain http it makes no secure context. */
export const INSECURE_NAME = 'app.test';

// One that hangs is a failure of its own, and not of the run.
const TIME_LIMIT = 300_000;

/**
 * A page of a browser.
 *
 * @typedef {object} Tab
 * @property {(url: string) => Promise<unknown>} goto
 * @property {(expression: string) => Promise<unknown>} evaluate - Gives the value of an expression, or of its promise.
 * @property {() => Promise<unknown>} close
 */

/**
 * A running browser, with storage of its own that its tabs share.
 *
 * @typedef {object} Browser
 * @property {string} version
 * @property {() => Promise<Tab>} newTab
 * @property {() => Promise<unknown>} close
 */

/**
 * The four contexts of a browser, and the example of a website in it.
 *
 * @param {object} engine
 * @param {() => boolean} engine.isHere
 * @param {string} engine.missing - How to install it.
 * @param {string} [engine.insecureName] - The server's name as a page sees it that is to have no secure context.
 * @param {() => Promise<Browser>} engine.open
 */
export function contextsOf(engine) {
  const { isHere, missing, insecureName = INSECURE_NAME } = engine;
  const context = (host, call, name = '127.0.0.1') => ({
    isHere,
    missing,
    run: (app) => runIn(app, engine, `http://${name}`, `/${host}.html`, call),
  });
  return {
    page: context('page', 'inPage'),
    worker: context('page', 'inWorker'),
    serviceWorker: context('page', 'inServiceWorker'),
    insecurePage: context('insecure', 'inInsecurePage', insecureName),
    pwa: { isHere, missing, run: (app) => inBrowser(engine, (browser) => runPwa(app, browser)) },
  };
}

async function runIn(app, engine, origin, path, call) {
  const files = ['page', 'worker', 'service-worker', 'insecure'];
  for (const file of files) await bundle(app, `hosts/${file}.js`, `${file}.js`, { format: 'iife' });
  const server = await serve(app);
  try {
    return await inBrowser(engine, async (browser) => {
      const tab = await browser.newTab();
      await tab.goto(`${origin}:${server.address().port}${path}`);
      return tab.evaluate(`${call}()`);
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Gives the results of `work` in a new browser, and ends the browser. */
async function inBrowser(engine, work) {
  const browser = await engine.open();
  let timer;
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${TIME_LIMIT} ms`)), TIME_LIMIT);
    });
    return { version: browser.version, results: await Promise.race([work(browser), late]) };
  } finally {
    clearTimeout(timer);
    await browser.close();
  }
}

/** Serves the app's folder, and of each script a page that loads it. */
async function serve(app) {
  const server = createServer(async ({ url }, response) => {
    const [, name, kind] = /^\/([\w-]+)\.(html|js|json)$/.exec(url) ?? [];
    if (name === undefined) {
      response.writeHead(404).end();
      return;
    }
    const types = { html: 'text/html', js: 'text/javascript', json: 'application/json' };
    response.writeHead(200, { 'content-type': types[kind] });
    const page = `<!doctype html><script src="/${name}.js"></script>`;
    response.end(kind === 'html' ? page : await readFile(join(app, `${name}.${kind}`)));
  });
  // On every address: some browsers reach an insecure page by the machine's own.
  await new Promise((resolve) => {
    server.listen(0, '0.0.0.0', resolve);
  });
  return server;
}
