// The responses of a release handler: its paths, media types, headers, and failures.

import { describe, expect, it } from 'vitest';
import { BundleSealError } from '../../../src/index.ts';
import {
  createReleaseHandler,
  type ReleaseHandlerOptions,
  type RunningRelease,
  type Updater,
} from '../../../src/update.ts';
import { digestOf } from '../../support/release-index.ts';
import { utf8 } from '../../support/zip.ts';

const ORIGIN = 'https://app.example.com';

/** A handler of a release with these files, and the calls of its updater. */
function handlerOf(
  files: Readonly<Record<string, string>>,
  options: ReleaseHandlerOptions = {},
  fail: { list?: number; read?: string; start?: unknown } = {},
  status: () => unknown = () => ({ running: { id: digestOf(1) } }),
) {
  const calls: unknown[] = [];
  let failures = fail.list ?? 0;
  const release: RunningRelease = {
    id: digestOf(1),
    createdAt: '2026-11-26T08:55:00Z',
    files: {
      async list() {
        if (failures-- > 0) throw new Error('no list');
        return Object.entries(files).map(([path, text]) => ({ path, size: text.length }));
      },
      async read(path) {
        if (path === fail.read) throw new Error('damaged');
        return utf8(files[path] as string);
      },
    },
  };
  const updater = {
    async start(given: unknown) {
      calls.push(['start', given]);
      if (fail.start !== undefined) throw fail.start;
      return release;
    },
    async releaseOf(...given: unknown[]) {
      calls.push(['releaseOf', ...given]);
      if (fail.start !== undefined) throw fail.start;
      return given[0] === 'of the website' ? undefined : release;
    },
    async leaveToWebsite(given: string) {
      calls.push(['leaveToWebsite', given]);
    },
    status: async () => status(),
  } as Partial<Updater> as Updater;
  const handle = createReleaseHandler(updater, options);
  const ask = (path: string, init: RequestInit & { client?: object } = {}) => {
    const request = new Request(`${ORIGIN}${path}`, init);
    return handle(request, init.client);
  };
  const text = async (path: string, init: RequestInit = {}) => (await ask(path, init))?.text();
  return { handle, ask, text, calls };
}

const navigationTo = (path: string) =>
  // The constructor does not take a navigation.
  Object.defineProperty(new Request(`${ORIGIN}${path}`), 'mode', { value: 'navigate' });

describe('a release handler', () => {
  it.each([
    ['index.html', 'text/html;charset=utf-8'],
    ['a.css', 'text/css;charset=utf-8'],
    ['a.js', 'text/javascript;charset=utf-8'],
    ['a.json', 'application/json;charset=utf-8'],
    ['a.svg', 'image/svg+xml;charset=utf-8'],
    ['a.xml', 'text/xml;charset=utf-8'],
    ['a.webmanifest', 'application/manifest+json;charset=utf-8'],
    ['a.png', 'image/png'],
    ['a.wasm', 'application/wasm'],
    ['a.unknown', 'application/octet-stream'],
    ['LICENSE', 'application/octet-stream'],
  ])('answers with %s as %s', async (path, type) => {
    const { ask } = handlerOf({ [path]: 'x' });
    expect((await ask(`/${path}`))?.headers.get('content-type')).toBe(type);
  });

  it('sends the headers of a file that changes with each release', async () => {
    const { ask } = handlerOf({ 'a.js': 'run()' });
    const answer = await ask('/a.js');
    expect(answer?.status).toBe(200);
    expect(Object.fromEntries(answer?.headers ?? [])).toEqual({
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      'content-length': '5',
      'content-type': 'text/javascript;charset=utf-8',
      etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
      'x-content-type-options': 'nosniff',
    });
    const again = await ask('/a.js', {
      headers: { 'if-none-match': `${answer?.headers.get('etag')}` },
    });
    expect(again?.status).toBe(304);
    expect(await again?.text()).toBe('');
  });

  it('has an index for each folder, and a fallback for navigations alone', async () => {
    const files = { 'index.html': 'root', 'a/index.html': 'folder', 'a/b.txt': 'b' };
    const { handle, text } = handlerOf(files, { fallback: 'index.html' });
    expect(await text('/')).toBe('root');
    expect(await text('/a/')).toBe('folder');
    expect(await text('/a/b.txt')).toBe('b');
    expect(await text('/a')).toBeUndefined();
    expect(await text('/a', { headers: { accept: 'image/*' } })).toBeUndefined();
    expect(await text('/route', { headers: { accept: 'text/html,*/*' } })).toBe('root');
    expect(await (await handle(navigationTo('/route')))?.text()).toBe('root');
    const { handle: without } = handlerOf(files);
    expect(await without(navigationTo('/route'))).toBeUndefined();
  });

  it('answers a navigation with the page of that name before the fallback', async () => {
    const files = {
      'index.html': 'root',
      'about.html': 'about',
      'blog.html': 'blog',
      'blog/a.html': 'a',
    };
    for (const options of [{}, { fallback: 'index.html' }]) {
      const { handle, text } = handlerOf(files, options);
      const textOf = async (path: string) => (await handle(navigationTo(path)))?.text();
      expect(await textOf('/about')).toBe('about');
      expect(await textOf('/about?a=b')).toBe('about');
      expect(await textOf('/blog')).toBe('blog');
      expect(await textOf('/blog/a')).toBe('a');
      expect(await text('/about')).toBeUndefined();
    }
  });

  it('leads a navigation to the page of a folder to the address with a slash, and counts no start', async () => {
    const files = { 'index.html': 'root', 'a/index.html': 'folder' };
    const { handle, calls } = handlerOf(files, {
      fallback: 'index.html',
      headers: { 'x-own': '1' },
    });
    const answer = await handle(navigationTo('/a?b=c'), { resultingClientId: 'page' });
    expect(answer?.status).toBe(302);
    expect(Object.fromEntries(answer?.headers ?? [])).toEqual({
      'cache-control': 'no-cache',
      location: '/a/?b=c',
      'x-own': '1',
    });
    expect(calls).toEqual([
      ['start', { client: 'page' }],
      ['leaveToWebsite', 'page'],
    ]);
    expect((await handle(navigationTo('/a')))?.status).toBe(302);
    expect(calls.slice(2)).toEqual([['start', {}]]);
  });

  it('answers GET and HEAD alone', async () => {
    const { ask } = handlerOf({ 'a.txt': 'abc' });
    const head = await ask('/a.txt', { method: 'HEAD' });
    expect([head?.status, await head?.text()]).toEqual([200, '']);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      expect(await ask('/a.txt', { method }), method).toBeUndefined();
    }
  });

  it('serves nothing outside its base', async () => {
    const { text, calls } = handlerOf({ 'a b/c.txt': 'c' }, { base: '/app/' });
    expect(await text('/app/a%20b/c.txt')).toBe('c');
    calls.length = 0;
    for (const path of [
      '/a%20b/c.txt',
      '/apps/a%20b/c.txt',
      '/app/a%20b%2Fc.txt',
      '/app/a%20b%5Cc.txt',
      '/app/a%20b/c.txt%00',
      '/app/%E0%A4%A',
    ]) {
      expect(await text(path), path).toBeUndefined();
    }
    expect(calls).toEqual([]);
  });

  it('describes the running release at every address of a stamp that the release does not have', async () => {
    const { ask, text } = handlerOf({ 'docs/bundleseal-release.json': 'a file' });
    for (const path of ['/bundleseal-release.json', '/a/b/bundleseal-release.json']) {
      const answer = await ask(path);
      expect(await answer?.json()).toEqual({
        ...{ format: 'bundleseal-stamp', version: 1, id: digestOf(1) },
        createdAt: '2026-11-26T08:55:00Z',
      });
      expect(answer?.headers.get('content-type')).toBe('application/json');
      expect(answer?.headers.get('cache-control')).toBe('no-store');
    }
    expect(await text('/docs/bundleseal-release.json')).toBe('a file');
  });

  it.each([
    ['has the header of a trial for a release on trial', digestOf(1), 'true'],
    ['has no header of a trial for an older release', digestOf(2), null],
  ])('%s', async (_, id, header) => {
    const status = () => ({ running: { id }, trial: { starts: 1 } });
    const { ask } = handlerOf({}, {}, {}, status);
    const answer = await ask('/bundleseal-release.json');
    expect(answer?.headers.get('bundleseal-trial')).toBe(header);
  });

  it('has no header of a trial for a confirmed release, or if the state cannot be read', async () => {
    const unreadable = () => {
      throw new Error('unreadable');
    };
    for (const status of [undefined, unreadable]) {
      const answer = await handlerOf({}, {}, {}, status).ask('/bundleseal-release.json');
      expect(answer?.status).toBe(200);
      expect(answer?.headers.has('bundleseal-trial')).toBe(false);
    }
  });

  it('answers with status 500 for a damaged file, and again with a file that is sound', async () => {
    const { ask } = handlerOf({ 'a.txt': 'a', 'b.txt': 'b' }, {}, { read: 'a.txt' });
    const answer = await ask('/a.txt');
    expect(answer?.status).toBe(500);
    expect(Object.fromEntries(answer?.headers ?? [])).toEqual({
      'cache-control': 'no-store',
      'content-type': 'text/plain;charset=utf-8',
    });
    expect(await answer?.text()).toBe('This file of the release is damaged. Reload the app.');
    expect((await ask('/b.txt'))?.status).toBe(200);
  });

  it('reads the list of files again after a failure', async () => {
    const { ask, text } = handlerOf({ 'a.txt': 'a' }, {}, { list: 1 });
    await expect(ask('/a.txt')).rejects.toThrow('no list');
    expect(await text('/a.txt')).toBe('a');
  });
});

describe('the page of a request', () => {
  it.each<[string, Request, object | undefined, unknown]>([
    ['no page', new Request(ORIGIN), undefined, ['start', {}]],
    ['empty ids', new Request(ORIGIN), { clientId: '', resultingClientId: '' }, ['start', {}]],
    ['an open page', new Request(ORIGIN), { clientId: 'a' }, ['releaseOf', 'a', undefined]],
    [
      'a worker that a page starts',
      new Request(ORIGIN),
      { clientId: 'a', resultingClientId: 'b' },
      ['releaseOf', 'a', 'b'],
    ],
    [
      'a new page that an open one navigates to',
      navigationTo('/'),
      { clientId: 'a', resultingClientId: 'b' },
      ['start', { client: 'b' }],
    ],
    [
      'a navigation without a new page',
      navigationTo('/'),
      { clientId: 'a', resultingClientId: '' },
      ['releaseOf', 'a', undefined],
    ],
    ['a new page', navigationTo('/'), { resultingClientId: 'b' }, ['start', { client: 'b' }]],
  ])('decides about its release: %s', async (_, request, client, call) => {
    const { handle, calls } = handlerOf({ 'index.html': 'x' });
    expect((await handle(request, client))?.status).toBe(200);
    expect(calls).toEqual([call]);
  });

  it('that the website serves gets no response', async () => {
    const { ask } = handlerOf({ 'index.html': 'x' });
    expect(await ask('/', { client: { clientId: 'of the website' } })).toBeUndefined();
  });

  it('gets status 500 if the release of an open page is lost, and the error in every other case', async () => {
    const lost = new BundleSealError('ERR_SOURCE_FAILED', 'lost');
    const own = new BundleSealError('ERR_STORE', 'lost');
    const files = { 'index.html': 'x' };
    const open = { client: { clientId: 'a' } };
    const answer = await handlerOf(files, {}, { start: own }).ask('/', open);
    expect([answer?.status, await answer?.text()]).toEqual([
      500,
      'The release of this page is lost. Reload the page.',
    ]);
    await expect(handlerOf(files, {}, { start: own }).ask('/')).rejects.toBe(own);
    await expect(handlerOf(files, {}, { start: lost }).ask('/', open)).rejects.toBe(lost);
  });
});

describe('the options of a release handler', () => {
  it.each<[object, string]>([
    [{ base: 'app/' }, 'options.base expected a path that begins and ends with "/"'],
    [{ base: '/app' }, 'options.base expected a path that begins and ends with "/"'],
    [{ fallback: 5 }, 'options.fallback expected a path, got a number'],
    [{ root: '/' }, 'createReleaseHandler does not know the option "root"'],
  ])('are refused by name: %o', (options, message) => {
    expect(() => createReleaseHandler({} as Updater, options)).toThrow(TypeError);
    expect(() => createReleaseHandler({} as Updater, options)).toThrow(message);
  });
});
