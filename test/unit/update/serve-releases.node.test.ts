// The events of a service worker: which requests it answers, and the order of its work.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ReleaseHandlerOptions,
  type RunningRelease,
  serveReleases,
  type Updater,
} from '../../../src/update.ts';
import { digestOf } from '../../support/release-index.ts';
import { dispatch } from '../../support/service-worker.ts';
import { utf8 } from '../../support/zip.ts';

const ORIGIN = 'https://app.example.com';

beforeEach(() => {
  vi.stubGlobal('fetch', async (request: Request) => new Response(`website ${request.url}`));
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A worker of this scope, with pages, and the calls of its updater and of its scope in their order. */
function workerOf(
  scope = `${ORIGIN}/`,
  options: ReleaseHandlerOptions = {},
  updater: Partial<Updater> = {},
) {
  const calls: string[] = [];
  const pages: { id: string; url: string }[] = [];
  const release: RunningRelease = {
    id: digestOf(1),
    createdAt: '2026-11-26T08:55:00Z',
    files: {
      list: async () => [{ path: 'index.html', size: 4 }],
      read: async () => utf8('page'),
    },
  };
  const listeners = new Map<string, (event: unknown) => void>();
  const call = async (text: string) => void calls.push(text);
  serveReleases(
    {
      location: { origin: ORIGIN },
      registration: { scope },
      clients: {
        claim: () => call('claim'),
        matchAll: async (given) => {
          calls.push(`matchAll ${JSON.stringify(given)}`);
          return pages;
        },
      },
      skipWaiting: () => call('skipWaiting'),
      addEventListener: (type, listener) => listeners.set(type, listener),
    },
    {
      installBuiltIn: () => call('installBuiltIn'),
      keepClients: (living: Iterable<string>) => call(`keep ${[...new Set(living)].sort().join()}`),
      leaveToWebsite: (client: string) => call(`leave ${client}`),
      idle: () => call('idle'),
      status: async () => ({ running: release }),
      start: async (given: { client?: string }) => {
        calls.push(`start ${given.client}`);
        return release;
      },
      releaseOf: async (client: string) => {
        calls.push(`releaseOf ${client}`);
        return release;
      },
      ...updater,
    } as unknown as Updater,
    options,
  );
  const send = async (type: string, event: object = {}) => {
    const { answer } = await dispatch(listeners, type, event);
    return answer?.then(
      (response) => response.text(),
      (error: Error) => `rejected: ${error.message}`,
    );
  };
  const ask = (url: string, client = 'open') =>
    send('fetch', { request: new Request(url), clientId: client, resultingClientId: '' });
  const navigation = (url: string, client: string, headers: Record<string, string> = {}) => ({
    // The constructor does not take a navigation.
    request: Object.defineProperty(new Request(url, { headers }), 'mode', { value: 'navigate' }),
    ...{ clientId: '', resultingClientId: client },
  });
  const navigate = (url: string, client: string) => send('fetch', navigation(url, client));
  /** The status of the answer to a request of an open page, or of a new one. */
  const statusOf = async (event: object) =>
    (await (await dispatch(listeners, 'fetch', event)).answer)?.status;
  return { calls, pages, send, ask, navigate, navigation, statusOf };
}

const ALL = 'matchAll {"includeUncontrolled":true,"type":"all"}';

describe('a service worker', () => {
  it('copies the built-in release before it takes the place of an older worker', async () => {
    const { calls, send } = workerOf();
    await send('install');
    expect(calls).toEqual(['installBuiltIn', 'skipWaiting']);
  });

  it('binds the open pages of its scope before it controls them', async () => {
    const { calls, pages, send } = workerOf(`${ORIGIN}/app/`);
    pages.push({ id: 'a', url: `${ORIGIN}/app/x` }, { id: 'b', url: `${ORIGIN}/other` });
    await send('activate');
    expect(calls).toEqual([ALL, 'releaseOf a', 'claim']);
  });

  it('becomes active even if a page cannot be bound', async () => {
    const releaseOf = () => Promise.reject(new Error('lost'));
    const { calls, pages, send } = workerOf(undefined, {}, { releaseOf });
    pages.push({ id: 'a', url: `${ORIGIN}/` });
    await send('activate');
    expect(calls).toEqual([ALL, 'claim']);
  });

  it('answers requests for files of its scope', async () => {
    const { calls, ask } = workerOf(`${ORIGIN}/app/`);
    expect(await ask(`${ORIGIN}/app/index.html`)).toBe('page');
    expect(calls).toEqual(['releaseOf open', 'idle']);
    expect(await ask(`${ORIGIN}/index.html`)).toBe(`website ${ORIGIN}/index.html`);
    const { ask: other } = workerOf(`${ORIGIN}/app/`, { base: '/' });
    expect(await other(`${ORIGIN}/index.html`)).toBe('page');
  });

  it('leaves requests to other servers and for files of the website to the browser', async () => {
    const { calls, ask } = workerOf();
    for (const url of [
      'https://other.example.com/index.html',
      'http://app.example.com/index.html',
      `${ORIGIN}/index.html?bundleseal-website`,
    ]) {
      expect(await ask(url), url).toBeUndefined();
    }
    expect(calls).toEqual([]);
  });

  it('forgets the pages that are closed before it starts a release for a new page', async () => {
    const { calls, pages, navigate } = workerOf();
    pages.push({ id: 'open', url: `${ORIGIN}/` });
    expect(await navigate(`${ORIGIN}/`, 'new')).toBe('page');
    expect(calls).toEqual([ALL, 'keep new,open', 'start new', 'idle']);
    expect(calls.some((one) => one.startsWith('leave'))).toBe(false);
  });

  it('keeps a new page for a minute if the browser does not list it', async () => {
    const { calls, navigate } = workerOf();
    const keptAfter = async (milliseconds: number) => {
      vi.advanceTimersByTime(milliseconds);
      calls.length = 0;
      await navigate(`${ORIGIN}/`, 'later');
      return calls.find((one) => one.startsWith('keep'));
    };
    await navigate(`${ORIGIN}/`, 'first');
    expect(await keptAfter(60_000)).toBe('keep first,later');
    expect(await keptAfter(1)).toBe('keep later');
  });

  it.each(['prefetch', 'prefetch;prerender'])(
    'answers 503 to a page that the browser prepares with the purpose %s, and counts no start',
    async (purpose) => {
      const { calls, navigation, statusOf } = workerOf();
      const headers = { 'sec-purpose': purpose };
      expect(await statusOf(navigation(`${ORIGIN}/`, 'new', headers))).toBe(503);
      expect(calls).toEqual([]);
      // A file that the page prefetches has a page that is open.
      const request = new Request(`${ORIGIN}/index.html`, { headers });
      expect(await statusOf({ request, clientId: 'open', resultingClientId: '' })).toBe(200);
    },
  );

  it('answers a page with another purpose, and a page without one', async () => {
    const { navigation, statusOf } = workerOf();
    for (const headers of [{}, { 'sec-purpose': 'no prefetch' }]) {
      expect(await statusOf(navigation(`${ORIGIN}/`, 'new', headers))).toBe(200);
    }
  });

  it('lets the website serve a new page that no release has', async () => {
    const { calls, navigate } = workerOf();
    expect(await navigate(`${ORIGIN}/about`, 'new')).toBe(`website ${ORIGIN}/about`);
    expect(calls).toContain('leave new');
    calls.length = 0;
    expect(await navigate(`${ORIGIN}/about`, '')).toBe(`website ${ORIGIN}/about`);
    expect(calls.filter((one) => one.startsWith('leave'))).toEqual([]);
  });

  it('lets the website serve a new page after a failure, but never an open one', async () => {
    const fail = () => Promise.reject(new Error('broken'));
    const { calls, ask, navigate } = workerOf(undefined, {}, { start: fail, releaseOf: fail });
    expect(await navigate(`${ORIGIN}/`, 'new')).toBe(`website ${ORIGIN}/`);
    expect(calls).toContain('leave new');
    expect(await ask(`${ORIGIN}/index.html`)).toBe('rejected: broken');
    expect(calls.at(-1)).toBe('idle');
  });

  it('lets the website serve files that no release has to an open page', async () => {
    const { calls, ask } = workerOf();
    expect(await ask(`${ORIGIN}/api/data`)).toBe(`website ${ORIGIN}/api/data`);
    expect(calls).toEqual(['releaseOf open', 'idle']);
  });
});
