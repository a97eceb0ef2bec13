// A service worker without a browser: its events, and an updater for each time that the browser starts it.

import { handledElsewhere } from '../../src/turn.ts';
import {
  type BuiltIn,
  memoryBuiltIn,
  type ReleaseStore,
  type ServiceWorkerScope,
  serveReleases,
  type UpdateEvent,
  type Updater,
} from '../../src/update.ts';
import { AFTER, BEFORE } from './release.ts';
import { BUILT_IN_TIME, createDevice, createPublisher, fetchFrom } from './update.ts';

export const ORIGIN = 'https://app.example.com';

export interface Worker {
  readonly updater: Updater;
  readonly events: readonly UpdateEvent[];
  fire(type: 'install' | 'activate'): Promise<void>;
  /**
   * The answer to the page. `undefined`: the browser continues without the worker.
   *
   * @param child - A worker of the page that the answer starts.
   */
  ask(path: string, page: string, child?: string): Promise<Response | undefined>;
  navigate(path: string, page: string): Promise<Response | undefined>;
  /** The browser sends the next list of its pages, of this moment, when `send` is called. */
  holdList(): { send(): void };
  /** The browser cannot list its pages any more. */
  failList(): void;
}

export type Listeners = ReadonlyMap<string, (event: unknown) => void>;

/** Passes an event to its listener, and waits for the work for which the worker stays alive. Returns its response. */
export async function dispatch(
  listeners: Listeners,
  type: string,
  event: object,
): Promise<{ readonly answer: Promise<Response> | undefined }> {
  const waiting: Promise<unknown>[] = [];
  let answer: Promise<Response> | undefined;
  listeners.get(type)?.({
    ...event,
    waitUntil: (work: Promise<unknown>) => waiting.push(work),
    respondWith: (work: Promise<Response>) => {
      answer = handledElsewhere(work);
    },
  });
  await Promise.all(waiting);
  return { answer };
}

/**
 * Makes `self` of a worker.
 *
 * @param listeners - Gets the listeners of the worker.
 * @param matchAll - Lists the open pages.
 */
export function scopeOf(
  listeners: Map<string, (event: unknown) => void>,
  matchAll: ServiceWorkerScope['clients']['matchAll'],
): ServiceWorkerScope {
  return {
    location: { origin: ORIGIN },
    registration: { scope: `${ORIGIN}/` },
    clients: { claim: async () => {}, matchAll },
    skipWaiting: async () => {},
    addEventListener: (type, listener) => listeners.set(type, listener),
  };
}

/** Starts a worker over a store. `open`: the pages that are there. */
export async function startWorker(
  releases: ReleaseStore,
  request: typeof fetch,
  open: readonly string[],
  builtIn?: BuiltIn,
): Promise<Worker> {
  const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
  const { updater, events } = await createDevice(BEFORE, request, {
    releases,
    builtIn: builtIn ?? { ...shipped, isRemote: true },
  });
  const pages = async () => open.map((id) => ({ id, url: `${ORIGIN}/` }));
  let list = pages;
  const listeners = new Map<string, (event: unknown) => void>();
  serveReleases(
    scopeOf(listeners, () => list()),
    updater,
  );
  const send = async (type: string, event: object) =>
    (await dispatch(listeners, type, event)).answer;
  const asked = (path: string, mode: string) => {
    const from = new Request(`${ORIGIN}${path}`, { headers: { accept: 'text/html' } });
    // The constructor does not take a navigation.
    return Object.defineProperty(from, 'mode', { value: mode });
  };
  return {
    updater,
    events,
    fire: async (type) => {
      await send(type, {});
    },
    ask: (path, page, child = '') =>
      send('fetch', { request: asked(path, 'cors'), clientId: page, resultingClientId: child }),
    navigate: (path, page) =>
      send('fetch', { request: asked(path, 'navigate'), clientId: '', resultingClientId: page }),
    holdList() {
      let go = () => {};
      const gate = new Promise<void>((resolve) => {
        go = resolve;
      });
      list = async () => {
        list = pages;
        const now = await pages();
        await gate;
        return now;
      };
      return { send: () => go() };
    },
    failList() {
      list = async () => {
        throw new DOMException('no list', 'InvalidStateError');
      };
    },
  };
}

export async function publishAfter(): Promise<typeof fetch> {
  const publisher = createPublisher();
  await publisher.offer([await publisher.make(AFTER, [BEFORE])]);
  return fetchFrom(publisher.store);
}

export const idOf = async (answer: Response | undefined): Promise<string> =>
  (await (answer as Response).json()).id;
