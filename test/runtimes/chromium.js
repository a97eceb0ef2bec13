// Pages and workers in a real Chromium, each loading one bundled file from a server of this process.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../support/chromium.js';
import { bundle } from './bundle.js';

const INSECURE_NAME = 'app.test';

/**
 * @param {string} host - What the page runs: a file in `hosts`.
 * @param {string} call - The function that the file gives the page.
 * @param {string} [name] - The server's name, as the page sees it.
 */
function inChromium(host, call, name = '127.0.0.1') {
  return {
    isHere: () => existsSync(CHROMIUM_PATH),
    missing: 'apt-get install chromium',
    async run(app) {
      const files = ['page', 'worker', 'service-worker', 'insecure'];
      for (const file of files)
        await bundle(app, `hosts/${file}.js`, `${file}.js`, { format: 'iife' });
      const server = await serve(app);
      const browser = await chromium.launch({
        executablePath: CHROMIUM_PATH,
        args: [...CHROMIUM_ARGUMENTS, `--host-resolver-rules=MAP ${INSECURE_NAME} 127.0.0.1`],
      });
      try {
        const page = await browser.newPage();
        await page.goto(`http://${name}:${server.address().port}/${host}.html`);
        return {
          version: `Chromium ${browser.version()}`,
          results: await page.evaluate(`${call}()`),
        };
      } finally {
        await browser.close();
        server.close();
      }
    },
  };
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
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

export const CHROMIUM = {
  chromium: inChromium('page', 'inPage'),
  worker: inChromium('page', 'inWorker'),
  'service-worker': inChromium('page', 'inServiceWorker'),
  'insecure-page': inChromium('insecure', 'inInsecurePage', INSECURE_NAME),
};
