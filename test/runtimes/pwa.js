// The example of a website (examples/pwa) with the packed package in a browser: a service worker that installs releases and
// serves them. Each step is a test, and needs those before it.

import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { ROOT } from './packed.js';
import { outcome } from './topics.js';

const HOUR = 3_600_000;
const PUBLISHER = { channel: 'production', appId: 'com.example.app' };
const TYPES = { html: 'text/html', js: 'text/javascript', json: 'application/json' };

/** How long a page may take to get where a step wants it. */
const PATIENCE = 60_000;

/** @returns the results of the steps. */
export async function runPwa(app, browser) {
  const { keygen } = await load(app, 'index.js');
  const pair = await keygen();
  const builds = [];
  for (const n of [1, 2, 3, 4]) builds.push(await buildExample(app, n, pair.publicKey, n === 3));
  const site = await openSite(app, builds[0], pair.privateKey);
  const results = [];
  try {
    const tab = await browser.newTab();
    for (const [name, step] of stepsOf(browser, tab, site, builds)) {
      results.push(await outcome(`pwa: ${name}`, step));
      if (!results.at(-1).ok) break;
    }
    return results;
  } finally {
    site.close();
  }
}

function stepsOf(browser, tab, site, [, second, broken, fourth]) {
  let other;
  let release;
  let before;
  const home = `${site.origin}/`;
  return [
    [
      'the service worker starts, and the page confirms the built-in release',
      async () => {
        await tab.goto(home);
        await until(tab, 'version 1', ({ text, state }) => text === 'version 1' && isQuiet(state));
      },
    ],
    [
      'a page gets a patch of the next release, and runs on',
      async () => {
        other = await browser.newTab();
        await other.goto(home);
        await until(
          other,
          'version 1',
          ({ text, state }) => text === 'version 1' && isQuiet(state),
        );
        ({ release } = await site.publish(second, '2.0.0'));
        await tab.goto(home);
        await until(tab, 'an offer', ({ text, offers }) => text === 'version 1' && offers);
        const objects = site.requests.filter((path) => path.startsWith('/updates/objects/'));
        const patches = release.patches.map(({ sha256 }) => `/updates/objects/${sha256}.sealed`);
        expectSame(objects, patches);
      },
    ],
    [
      'the next load runs the new release, and confirms it',
      async () => {
        await tab.goto(home);
        await until(
          tab,
          'version 2',
          ({ text, state }) =>
            text === 'version 2' && state.running === release.id && isQuiet(state),
        );
      },
    ],
    [
      'another page keeps its release until it is loaded again',
      async () => {
        const old = await other.evaluate(SERVED);
        const current = await tab.evaluate(SERVED);
        if (old.id === current.id || old.status !== 200 || current.status !== 200) {
          throw new Error(`the pages got ${JSON.stringify([old, current])}`);
        }
        await other.goto(home);
        await until(other, 'version 2', ({ text }) => text === 'version 2');
        await other.close();
      },
    ],
    [
      'a release that throws is started three times, and the release before runs again',
      async () => {
        await site.publish(broken, '3.0.0');
        await tab.goto(home);
        await until(tab, 'an offer', ({ text, offers }) => text === 'version 2' && offers);
        await tab.goto(home);
        await until(
          tab,
          'version 2 again',
          ({ text, state }) => text === 'version 2' && state.blocked.length === 1,
        );
      },
    ],
    [
      'the installed release starts at any address while the server is down',
      async () => {
        site.isDown = true;
        await tab.goto(`${home}some/route`);
        await until(
          tab,
          'version 2 offline',
          ({ text, state }) => text === 'version 2' && state.lastCheck.result === 'offline',
        );
        site.isDown = false;
      },
    ],
    [
      'the release after the broken one is installed',
      async () => {
        ({ release } = await site.publish(fourth, '4.0.0'));
        await tab.goto(home);
        await until(tab, 'an offer', ({ text, offers }) => text === 'version 2' && offers);
        before = (await tab.evaluate(SERVED)).id;
        await tab.evaluate(WATCH_RETURN);
        await tab.goto(`${home}next`);
        await until(
          tab,
          'version 4',
          ({ text, state }) =>
            text === 'version 4' && state.running === release.id && isQuiet(state),
        );
      },
    ],
    [
      'a page that the back button shows gets the files of its own release',
      async () => {
        // The new page makes the worker compare its list of pages with the list of the browser.
        other = await browser.newTab();
        await other.goto(home);
        await until(other, 'version 4', ({ text }) => text === 'version 4');
        await other.close();
        await tab.evaluate('void setTimeout(() => history.back())');
        await until(tab, 'the page before', ({ path }) => path === '/');
        const { text, isKept } = await tab.evaluate(LOOK);
        const { id, status } = await tab.evaluate(SERVED);
        const own = isKept ? ['version 2', before] : ['version 4', release.id];
        expectSame([text, id, status], [...own, 200]);
        return isKept ? 'the browser kept the page' : 'the browser loaded the page again';
      },
    ],
    [
      'a page that the browser has prefetched or prerendered runs one release',
      async () => {
        const how = await tab.evaluate(PREPARE);
        await tab.evaluate("void setTimeout(() => location.assign('/prepared'))");
        await until(
          tab,
          'the prepared page',
          ({ path, text, state }) =>
            path === '/prepared' && text === 'version 4' && state.trial === undefined,
        );
        const { id, status } = await tab.evaluate(SERVED);
        expectSame([id, status], [release.id, 200]);
        return how === '' ? 'the browser prepares no page' : `the browser has ${how}`;
      },
    ],
    [
      'a worker that removes itself leaves nothing behind',
      async () => {
        site.folder = join(ROOT, 'examples/pwa/remove');
        // A page that is left while it looks for an update may make an empty cache again.
        await new Promise((resolve) => setTimeout(resolve, 2000));
        const isGone = ({ caches, workers }) => caches === 0 && workers === 0;
        await until(tab, 'no cache and no worker', isGone, LEFT);
      },
    ],
  ];
}

/** The release runs without a trial, and the device has asked the store. */
const isQuiet = ({ running, trial, lastCheck }) =>
  running !== undefined && trial === undefined && lastCheck !== undefined;

// Which release answers the requests of a page, and whether it has the script of the page.
const SERVED = `(async () => {
  const { id } = await (await fetch('/bundleseal-release.json')).json();
  const { status } = await fetch(document.querySelector('script').src, { cache: 'no-store' });
  return { id, status };
})()`;

// Tells whether the browser shows this page again as it was.
const WATCH_RETURN = `void addEventListener('pageshow', ({ persisted }) => {
  document.documentElement.dataset.kept = String(persisted);
})`;

// Has the browser prepare a page in every way that it supports, and gives those ways.
const PREPARE = `(async () => {
  const how = [];
  const add = (element, parts) => document.head.append(Object.assign(element, parts));
  if (document.createElement('link').relList.supports('prefetch')) {
    how.push('links that prefetch');
    add(document.createElement('link'), { rel: 'prefetch', href: '/prepared' });
  }
  if (HTMLScriptElement.supports?.('speculationrules')) {
    how.push('speculation rules');
    const rules = [{ urls: ['/prepared'], eagerness: 'immediate' }];
    const textContent = JSON.stringify({ prefetch: rules, prerender: rules });
    add(document.createElement('script'), { type: 'speculationrules', textContent });
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return how.join(' and ');
})()`;

// What a page shows, and the state of the device: the last one in the store, whose text follows its SHA-256.
const LOOK = `(async () => {
  const names = await caches.keys();
  const cache = names.includes('bundleseal') ? await caches.open('bundleseal') : undefined;
  const keys = cache === undefined ? [] : await cache.keys();
  const number = (url) => Number(/\\/state\\/(\\d+)$/.exec(url)?.[1] ?? -1);
  const [last] = keys.map(({ url }) => url).sort((a, b) => number(b) - number(a));
  const bytes = last !== undefined && number(last) >= 0 ? await (await cache.match(last)).blob() : undefined;
  return {
    path: location.pathname,
    isKept: document.documentElement.dataset.kept === 'true',
    text: document.querySelector('main')?.textContent ?? document.body.textContent,
    offers: document.querySelector('button')?.hidden === false,
    state: JSON.parse((await bytes?.slice(32).text()) ?? '{"blocked":[]}'),
    caches: names.length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  };
})()`;

// Asks for the worker that removes itself, again and again, because a browser may join the request to an update that began
// before. LOOK would make the cache again that it opens.
const LEFT = `(async () => {
  const workers = await navigator.serviceWorker.getRegistrations();
  for (const worker of workers) worker.update().catch(() => {});
  return { caches: (await caches.keys()).length, workers: workers.length };
})()`;

async function until(tab, what, holds, look = LOOK) {
  const end = Date.now() + PATIENCE;
  let last;
  while (Date.now() < end) {
    try {
      last = await tab.evaluate(look);
      if (holds(last)) return;
    } catch (error) {
      // The page is being loaded, or has no state yet.
      last = `${error}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`expected ${what}, got ${JSON.stringify(last)}`);
}

function expectSame(actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
  }
}

const load = (app, file) =>
  import(pathToFileURL(join(app, 'node_modules/bundleseal/dist', file)).href);

/** Builds version `n` of the example, as a user does. */
async function buildExample(app, n, publicKey, isBroken) {
  const outDir = await mkdtemp(join(app, 'build-'));
  const plugins = [
    {
      name: 'version',
      resolveId: (id) => (id.endsWith('/bundleseal-key.js') ? '\0key' : undefined),
      load: (id) =>
        id === '\0key' ? `export const publicKeys = [${JSON.stringify(publicKey)}];` : undefined,
      transform(code, id) {
        if (!id.endsWith('/src/app.js')) return undefined;
        const fault = isBroken ? "throw new Error('this version is broken');" : '';
        return code.replace('() {', `() { ${fault}`).replace("'version 1'", `'version ${n}'`);
      },
    },
  ];
  await build({
    root: join(ROOT, 'examples/pwa'),
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true },
    resolve: {
      alias: { 'bundleseal/update': join(app, 'node_modules/bundleseal/dist/update.js') },
    },
    plugins,
    worker: { plugins: () => plugins },
  });
  return outDir;
}

/** Serves a folder, and a store of releases under `/updates/`. */
async function openSite(app, first, privateKey) {
  const { publishRelease, stampRelease } = await load(app, 'node.js');
  await stampRelease(first, { now: Date.now() - HOUR });
  const store = await mkdtemp(join(app, 'store-'));
  const requests = [];
  let published = 0;
  const server = createServer(async (request, response) => {
    if (site.isDown) {
      request.socket.destroy();
      return;
    }
    const { pathname } = new URL(request.url, 'http://localhost');
    requests.push(pathname);
    const path = pathname.replace(/\/$/, '/index.html');
    const file = path.startsWith('/updates/')
      ? join(store, path.slice('/updates/'.length))
      : join(site.folder, path);
    try {
      const bytes = await readFile(file);
      const type = TYPES[file.split('.').at(-1)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(bytes);
    } catch {
      response.writeHead(404).end('not found');
    }
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const site = {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    folder: first,
    /** Ends every connection without an answer. */
    isDown: false,
    publish(folder, version) {
      published += 1;
      // Each release is later than the stamp and than the release before.
      const now = Date.now() - HOUR + 60_000 * published;
      return publishRelease(folder, {
        ...{ ...PUBLISHER, store, privateKey, version, now },
        builtIn: [first],
      });
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return site;
}
