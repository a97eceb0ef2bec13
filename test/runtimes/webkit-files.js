// WebKitGTK with the origin private file system, which Safari has and WebKitGTK leaves off by default. A browser under
// WebDriver keeps no data and refuses that file system, so a page starts by itself here and posts its results.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contextsOf } from './browser.js';
import { ENVIRONMENT, findBrowser, isHere, MISSING, SCREEN, stopGroup } from './webkit.js';

const FEATURES = [
  '+FileSystem',
  '+FileSystemWritableStream',
  '+AccessHandle',
  '+StorageAPI',
  '+StorageAPIEstimate',
].join(',');

const { page, worker, serviceWorker } = contextsOf({
  isHere,
  missing: MISSING,
  async open() {
    const version = execFileSync(SCREEN, ['-a', findBrowser(), '--version'], { encoding: 'utf8' });
    const home = await mkdtemp(join(tmpdir(), 'bundleseal-webkit-'));
    const tabs = [];
    return {
      version: version.trim(),
      async newTab() {
        let url;
        return {
          async goto(address) {
            url = address;
          },
          async evaluate(expression) {
            const { address, answer, server } = await serveCall(url, expression);
            const args = ['-a', findBrowser(), `--features=${FEATURES}`, address];
            const env = { ...ENVIRONMENT, HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home };
            tabs.push({
              server,
              browser: spawn(SCREEN, args, { stdio: 'ignore', detached: true, env }),
            });
            const { value, error } = await answer;
            if (error !== undefined) throw new Error(error);
            return value;
          },
        };
      },
      async close() {
        for (const { server, browser } of tabs) {
          const ended = new Promise((resolve) => {
            browser.once('exit', resolve);
          });
          stopGroup(browser);
          await ended;
          server.closeAllConnections();
          server.close();
        }
        // The processes of the browser may write for a moment longer.
        await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
      },
    };
  },
});

/** Passes on what the server of `url` has. The page also evaluates the expression, and posts the outcome. */
async function serveCall(url, expression) {
  let give;
  const answer = new Promise((resolve) => {
    give = resolve;
  });
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      response.end();
      give(JSON.parse(Buffer.concat(pieces).toString()));
      return;
    }
    const got = await fetch(new URL(request.url, url));
    const type = got.headers.get('content-type') ?? 'text/plain';
    response.writeHead(got.status, { 'content-type': type });
    response.write(Buffer.from(await got.arrayBuffer()));
    if (type === 'text/html') {
      response.write(`<script type="module">
        const outcome = (async () => ${expression})()
          .then((value) => ({ value }), (error) => ({ error: String(error) }));
        outcome.then((body) => fetch('/', { method: 'POST', body: JSON.stringify(body) }));
      </script>`);
    }
    response.end();
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { pathname } = new URL(url);
  return { address: `http://127.0.0.1:${server.address().port}${pathname}`, answer, server };
}

export const WEBKIT_FILES = {
  'webkit-files': page,
  'webkit-files-worker': worker,
  'webkit-files-service-worker': serviceWorker,
};
