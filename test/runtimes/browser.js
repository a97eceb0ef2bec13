// Pages and workers in a real browser, each loading one bundled file from a server of this process.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { bundle } from './bundle.js';

/** A name that is not localhost: over plain http it makes no secure context. */
export const INSECURE_NAME = 'app.test';

// One that hangs is a failure of its own, and not of the run.
const TIME_LIMIT = 300_000;

/**
 * The four contexts of a browser.
 *
 * @param {object} engine
 * @param {() => boolean} engine.isHere
 * @param {string} engine.missing - How to install it.
 * @param {string} [engine.insecureName] - The server's name as a page sees it that is to have no secure context.
 * @param {() => Promise<{ version: string, evaluate: (url: string, call: string) => Promise<unknown>, close: () => Promise<void> }>} engine.open
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
  };
}

async function runIn(app, engine, origin, path, call) {
  const files = ['page', 'worker', 'service-worker', 'insecure'];
  for (const file of files) await bundle(app, `hosts/${file}.js`, `${file}.js`, { format: 'iife' });
  const server = await serve(app);
  const browser = await engine.open();
  let timer;
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${TIME_LIMIT} ms`)), TIME_LIMIT);
    });
    const url = `${origin}:${server.address().port}${path}`;
    const results = await Promise.race([browser.evaluate(url, call), late]);
    return { version: browser.version, results };
  } finally {
    clearTimeout(timer);
    await browser.close();
    server.closeAllConnections();
    server.close();
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
