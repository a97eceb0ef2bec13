// A device whose service worker, pages and process live on while releases come, go and come back.

import type { ReleaseIndex } from '../../src/release.ts';
import { createQueue } from '../../src/update/stores/lock.ts';
import { treeStore } from '../../src/update/stores/tree.ts';
import {
  createReleaseHandler,
  type ReleaseStore,
  serveReleases,
  type UpdateEvent,
  type Updater,
} from '../../src/update.ts';
import { MemoryTree } from './memory-tree.ts';
import { PublisherChannel } from './publisher-channel.ts';
import { dispatch, ORIGIN, scopeOf } from './service-worker.ts';
import { createDevice, fetchFrom, NOW } from './update.ts';
import { buildOf, CHANNELS, type ChannelName, type Prepared } from './update-world.ts';
import { keyB } from './vectors.ts';

/** The header of responses that come from the website, not from a release. */
const FROM_WEBSITE = 'from-website';

/** How the app serves its releases: from a service worker to pages, or from a process that knows no pages. */
export type Serving = 'worker' | 'process';

/** What a page gets for a path. */
interface Answer {
  readonly status: number;
  readonly isFromWebsite: boolean;
  readonly bytes: Uint8Array;
}

interface Server {
  readonly updater: Updater;
  request(path: string, client: string, isNavigation: boolean, child?: string): Promise<Answer>;
}

export class LivingWorld {
  now: number = NOW;
  readonly channels: Readonly<Record<ChannelName, PublisherChannel>>;
  /** The ids of the pages that the browser lists. */
  readonly listed: Set<string> = new Set();
  readonly events: UpdateEvent[] = [];
  readonly releases: ReleaseStore;
  readonly #serving: Serving;
  readonly #prepared: Prepared;
  readonly #store: Map<string, Uint8Array>;
  readonly #tree = new MemoryTree();

  constructor(prepared: Prepared, serving: Serving) {
    this.#prepared = prepared;
    this.#serving = serving;
    const { publisher, releases } = prepared;
    const [production, beta] = CHANNELS.map(
      (name) => new PublisherChannel(name, publisher, releases),
    ) as [PublisherChannel, PublisherChannel];
    this.channels = { production, beta };
    this.#store = new Map([...publisher.store].filter(([path]) => path.startsWith('objects/')));
    this.releases = treeStore(this.#tree, createQueue());
  }

  async publish(name: ReleaseIndex['channel'] & ChannelName): Promise<void> {
    const signing = { epoch: 0, privateKey: keyB.pkcs8 };
    const sealed = await this.channels[name].publish(this.now, signing);
    this.#store.set(`channels/${name}.sealed`, sealed);
  }

  /** The system or another program removes the files of a release, or its page alone. */
  async evict(id: string, what: 'all files' | 'the page'): Promise<void> {
    const folders = (await this.#tree.list('releases')).filter((name) => name.startsWith(`${id}.`));
    for (const folder of folders) {
      const path = `releases/${folder}`;
      await this.#tree.remove(what === 'the page' ? `${path}/files/index.html` : path);
    }
  }

  /** An updater of a page, a worker or a process. It lives until the test disposes of it. */
  async open(): Promise<Updater> {
    const isRemote = this.#serving === 'worker';
    const { updater } = await createDevice(buildOf(0), fetchFrom(this.#store), {
      releases: this.releases,
      builtIn: { ...this.#prepared.builtIn, isRemote },
      now: () => this.now,
      onEvent: (event) => this.events.push(event),
    });
    return updater;
  }

  /** Starts a worker, which the browser installs and activates, or a process. */
  async serve(): Promise<Server> {
    const updater = await this.open();
    return this.#serving === 'worker' ? this.#work(updater) : this.#process(updater);
  }

  async #work(updater: Updater): Promise<Server> {
    const listeners = new Map<string, (event: unknown) => void>();
    const matchAll = async () => [...this.listed].map((id) => ({ id, url: `${ORIGIN}/` }));
    serveReleases(scopeOf(listeners, matchAll), updater);
    await dispatch(listeners, 'install', {});
    await dispatch(listeners, 'activate', {});
    return {
      updater,
      async request(path, client, isNavigation, child = '') {
        const ids = isNavigation
          ? { clientId: '', resultingClientId: client }
          : { clientId: client, resultingClientId: child };
        const request = requestOf(path, isNavigation);
        const { answer } = await dispatch(listeners, 'fetch', { request, ...ids });
        return answerOf(await answer);
      },
    };
  }

  #process(updater: Updater): Server {
    const handle = createReleaseHandler(updater);
    return {
      updater,
      request: async (path, _client, isNavigation) =>
        answerOf((await handle(requestOf(path, isNavigation))) ?? websiteAnswer()),
    };
  }
}

function requestOf(path: string, isNavigation: boolean): Request {
  // The constructor does not take a navigation.
  return Object.defineProperty(new Request(`${ORIGIN}${path}`), 'mode', {
    value: isNavigation ? 'navigate' : 'cors',
  });
}

/** The response of the website, which is in place of `fetch` in a service worker. */
export const websiteAnswer = (): Response =>
  new Response('a file of the website', { status: 404, headers: { [FROM_WEBSITE]: 'yes' } });

async function answerOf(response: Response | undefined): Promise<Answer> {
  const { status, headers } = response as Response;
  const bytes = new Uint8Array(await (response as Response).arrayBuffer());
  return { status, isFromWebsite: headers.has(FROM_WEBSITE), bytes };
}
