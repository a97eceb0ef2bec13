// Random lives of a service worker and of a process that are not restarted: releases are installed, removed and installed again
// while pages stay open. Each page gets the files of its own release, and no request fails.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Updater } from '../../src/update.ts';
import { LivingWorld, type Serving, websiteAnswer } from '../support/living-world.ts';
import { runs } from '../support/scope.ts';
import {
  BUILDS,
  CHANNELS,
  type ChannelName,
  type Prepared,
  prepare,
} from '../support/update-world.ts';

const DAY = 86_400_000;
/** Current, previous, ready or next, and what is being written. */
const MAX_RELEASES = 4;

let prepared: Prepared;
beforeAll(async () => {
  prepared = await prepare();
  vi.stubGlobal('fetch', async () => websiteAnswer());
});
afterAll(() => void vi.unstubAllGlobals());

/** What pages have shown, and what they may therefore show next. */
class Life {
  readonly world: LivingWorld;
  server: Awaited<ReturnType<LivingWorld['serve']>> | undefined;
  /** The updater of a page, which installs releases. */
  page: Updater | undefined;
  channel: ChannelName = 'production';
  readonly failed: Set<string> = new Set();
  /** By open page, the release that its navigation got. */
  readonly pages: Map<string, string> = new Map();
  /** By page in the back/forward cache, the release that it runs. */
  readonly hidden: Map<string, string> = new Map();
  loads = 0;
  /** Whether the store has lost a release. The updater tells of that when it next opens the release. */
  isEvicted = false;
  readonly serving: Serving;

  constructor(serving: Serving) {
    this.serving = serving;
    this.world = new LivingWorld(prepared, serving);
  }

  /** The windows of a process share its updater. */
  async openPage(): Promise<Updater | undefined> {
    return this.serving === 'worker' ? this.world.open() : this.server?.updater;
  }

  /** The updater of the worker or process, or of a page. */
  updater(which: Which): Updater {
    return (which === 'a page' ? this.page : this.server?.updater) as Updater;
  }
}

type Which = 'a page' | 'the server';
type Command = fc.AsyncCommand<Life, Life>;

const command = (name: string, run: (life: Life) => Promise<void>): Command => ({
  check: () => true,
  async run(life) {
    await run(life);
    await requestAll(life);
  },
  toString: () => name,
});

async function requestOf({ server }: Life, path: string, client: string, child?: string) {
  const answer = await server?.request(path, client, false, child);
  expect(answer?.status, `${client} gets ${path}`).not.toBe(500);
  return answer as NonNullable<typeof answer>;
}

/** The release that a page runs, as the server says. */
async function idFor(life: Life, client: string): Promise<string> {
  const { bytes } = await requestOf(life, '/bundleseal-release.json', client);
  return JSON.parse(new TextDecoder().decode(bytes)).id;
}

/** Every file of every release is requested for a page. It gets those of its own release alone. */
async function requestFiles(life: Life, client: string, id: string, child?: string): Promise<void> {
  const own = prepared.filesOf.get(id) ?? {};
  for (const path of new Set([...prepared.filesOf.values()].flatMap(Object.keys))) {
    const answer = await requestOf(life, `/${path}`, client, child);
    expect(answer.isFromWebsite, `${client} gets ${path} from its release`).toBe(!(path in own));
    if (path in own) expect(answer.bytes, `${path} of ${client}`).toEqual(own[path]);
  }
}

async function requestAll(life: Life): Promise<void> {
  const { pages, world, server } = life;
  for (const [client, id] of pages) {
    expect(await idFor(life, client), `${client} keeps its release`).toBe(id);
    await requestFiles(life, client, id);
  }
  await server?.updater.idle();
  const errors = world.events.filter(
    ({ type }) => (type === 'error' && !life.isEvicted) || type === 'release-lost',
  );
  expect(errors, 'nothing fails in the background').toEqual([]);
  const held = new Set(pages.values());
  const stored = (await world.releases.list()).filter((id) => !held.has(id));
  expect(stored.length, 'the storage is bounded').toBeLessThanOrEqual(MAX_RELEASES);
}

/** Loads a page, and returns it. */
async function load(life: Life): Promise<{ readonly client: string; readonly id: string }> {
  const { world, server, pages, failed, channel } = life;
  life.loads += 1;
  const client = `page ${life.loads}`;
  const { status, bytes, isFromWebsite } = await (server as NonNullable<typeof server>).request(
    '/index.html',
    client,
    true,
  );
  world.listed.add(client);
  expect([status, isFromWebsite], 'a release answers a navigation').toEqual([200, false]);
  const id = await idFor(life, client);
  expect(bytes, 'a navigation gets the page of its release').toEqual(
    prepared.filesOf.get(id)?.['index.html'],
  );
  if (life.serving === 'worker') {
    const { running, index, blocked } = await life.updater('the server').status();
    expect(id, 'a new page gets the running release').toBe(running.id);
    const { withdrawn } = world.channels[channel].contentOf(index?.sequence);
    expect(withdrawn, 'a withdrawn release does not start').not.toContain(id);
    expect([...failed], 'a release that failed does not start').not.toContain(id);
    const isBlocked = blocked.some(
      ({ id: one, until }) => one === id && (until === undefined || world.now < Date.parse(until)),
    );
    expect(isBlocked, 'a blocked release does not start').toBe(false);
    pages.set(client, id);
  } else {
    // A process gives all its windows the release of its start.
    pages.clear();
    pages.set('the window', id);
  }
  return { client: life.serving === 'worker' ? client : 'the window', id };
}

function close({ world, pages }: Life, client: string): void {
  world.listed.delete(client);
  pages.delete(client);
}

/** The browser keeps the page in its back/forward cache, and does not list it. */
function hide(life: Life, client: string): void {
  if (life.serving === 'worker') life.hidden.set(client, life.pages.get(client) as string);
  close(life, client);
}

const oneIn = <T, U>(n: number, rare: T | fc.Arbitrary<T>, usual: U): fc.Arbitrary<T | U> =>
  fc.oneof(
    { weight: 1, arbitrary: rare instanceof fc.Arbitrary ? rare : fc.constant(rare) },
    { weight: n - 1, arbitrary: fc.constant(usual) },
  );

const numbers = fc.integer({ min: 0, max: BUILDS - 1 });
const names = fc.constantFrom<ChannelName>('production', ...CHANNELS);
const workers = fc.constantFrom<Which>('a page', 'the server');

/** The publisher puts a release in front, whether it was withdrawn or not. */
async function offer({ world }: Life, name: ChannelName, n: number): Promise<void> {
  const channel = world.channels[name];
  channel.offered = [...new Set([n, ...channel.offered])];
  channel.withdrawn.delete(n);
  await world.publish(name);
}

/** Few releases, so that each of them is removed and installed again several times. */
const deploys = fc
  .record({
    list: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 9, size: 'max' }),
    which: workers,
    isConfirmed: oneIn(6, false, true),
    stay: oneIn(3, fc.integer({ min: 1, max: 2 }), 0),
    isHidden: oneIn(3, true, false),
  })
  .map(({ list, which, isConfirmed, stay, isHidden }) =>
    command(
      `${which} installs ${list}, each new page ${isConfirmed ? 'confirms' : 'is silent'}, ${stay} older pages stay, the others are ${isHidden ? 'kept for the back button' : 'closed'}`,
      async (life) => {
        for (const n of list) {
          await offer(life, life.channel, n);
          await life.updater(which).update({ when: 'now' });
          for (const client of [...life.pages.keys()].slice(stay))
            (isHidden ? hide : close)(life, client);
          const { id } = await load(life);
          if (isConfirmed) await life.updater('a page').confirm(id);
        }
      },
    ),
  );

const offers = fc
  .record({ n: numbers, name: names })
  .map(({ n, name }) => command(`${n} is put in front of ${name}`, (life) => offer(life, name, n)));

const withdrawals = fc.record({ n: numbers, name: names }).map(({ n, name }) =>
  command(`${n} is withdrawn from ${name}`, async ({ world }) => {
    world.channels[name].withdrawn.add(n);
    await world.publish(name);
  }),
);

const calls = fc
  .record({
    which: workers,
    call: fc.constantFrom('check', 'download', 'activate', 'activate now', 'update', 'useBuiltIn'),
  })
  .map(({ which, call }) =>
    command(`${which} calls ${call}`, async (life) => {
      const updater = life.updater(which);
      if (call === 'activate now') await updater.activate({ when: 'now' });
      else await updater[call as 'check']();
      if (call === 'activate now' && life.serving === 'process') await load(life);
    }),
  );

const verdicts = fc
  .record({ which: workers, says: fc.constantFrom('confirm', 'fail'), at: fc.nat({ max: 9 }) })
  .map(({ which, says, at }) =>
    command(`the release of page ${at} gets ${says} from ${which}`, async (life) => {
      const ids = [...life.pages.values()];
      const id = ids[at % ids.length];
      if (id === undefined) return;
      await life.updater(which)[says as 'confirm'](id);
      if (says === 'fail' && id !== prepared.builtInId) life.failed.add(id);
    }),
  );

const switches = fc.record({ which: workers, name: names }).map(({ which, name }) =>
  command(`${which} switches to ${name}`, async (life) => {
    await life.updater(which).setChannel(name);
    life.channel = name;
  }),
);

const loads = fc.integer({ min: 1, max: 4 }).map((count) =>
  command(`${count} pages are loaded`, async (life) => {
    for (let n = 0; n < count; n++) await load(life);
  }),
);

const closing = fc.nat({ max: 9 }).map((at) =>
  command(`page ${at} is closed`, async (life) => {
    const clients = [...life.pages.keys()];
    if (life.serving === 'worker') close(life, clients[at % clients.length] ?? '');
  }),
);

const leaving = fc.nat({ max: 9 }).map((at) =>
  command(`page ${at} goes into the back/forward cache`, async (life) => {
    const clients = [...life.pages.keys()];
    const client = clients[at % clients.length];
    if (client === undefined || life.serving === 'process') return;
    hide(life, client);
  }),
);

/** The release of the page may be removed meanwhile. */
const returning = fc.nat({ max: 9 }).map((at) =>
  command(`page ${at} comes back from the back/forward cache`, async (life) => {
    const { hidden, world, pages, server } = life;
    const clients = [...hidden.keys()];
    const client = clients[at % clients.length];
    if (client === undefined) return;
    const id = hidden.get(client) as string;
    hidden.delete(client);
    world.listed.add(client);
    const answer = await server?.request('/index.html', client, false);
    if (answer?.status === 500) {
      expect(await world.releases.list(), 'the release of the page is removed').not.toContain(id);
      close(life, client);
      await server?.updater.idle();
      world.events.length = 0;
    } else pages.set(client, id);
  }),
);

/** Pages of lost releases get status 500, so they are closed. The next page must not. */
const evictions = fc
  .record({ what: fc.constantFrom('all files', 'the page'), withPrevious: fc.boolean() })
  .map(({ what, withPrevious }) =>
    command(
      `${what} of the running ${withPrevious ? 'and the previous ' : ''}release are lost`,
      async (life) => {
        if (life.serving === 'process') return;
        const { running, previous } = await life.updater('the server').status();
        const lost = [running.id, ...(withPrevious && previous ? [previous.id] : [])];
        for (const id of lost) await life.world.evict(id, what);
        life.isEvicted = true;
        for (const [client, id] of life.pages) if (lost.includes(id)) close(life, client);
        for (const [client, id] of life.hidden) if (lost.includes(id)) life.hidden.delete(client);
        const { id } = await load(life);
        if (id !== prepared.builtInId)
          expect(lost, 'a lost release does not start').not.toContain(id);
      },
    ),
  );

const children = fc.nat({ max: 9 }).map((at) =>
  command(`page ${at} starts a worker`, async (life) => {
    const clients = [...life.pages.keys()];
    const client = clients[at % clients.length];
    if (client === undefined || life.serving === 'process') return;
    const child = `${client}, worker ${life.world.listed.size}`;
    const id = life.pages.get(client) as string;
    await requestFiles(life, client, id, child);
    life.world.listed.add(child);
    life.pages.set(child, id);
  }),
);

const restarts = fc.constantFrom<Which>('a page', 'the server').map((which) =>
  command(`${which} is started anew`, async (life) => {
    life.updater(which).dispose();
    if (which === 'the server' || life.serving === 'process')
      life.server = await life.world.serve();
    if (which === 'a page' || life.serving === 'process') life.page = await life.openPage();
    if (life.serving === 'process') await load(life);
  }),
);

const time = fc.integer({ min: 1, max: 3 }).map((days) =>
  command(`${days} days pass`, async (life) => {
    life.world.now += days * DAY;
  }),
);

describe.each<Serving>(['worker', 'process'])('a %s that lives on', (serving) => {
  it('gives each page the files of its own release, however often releases come and go', async () => {
    const commands = fc.commands(
      [
        ...[deploys, deploys, deploys, deploys, loads, loads, closing],
        ...[offers, withdrawals, calls, calls, verdicts, switches, children, restarts, time],
        ...[leaving, returning, returning, evictions],
      ],
      { maxCommands: 20, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(commands, async (list) => {
        const life = new Life(serving);
        for (const name of CHANNELS) await life.world.publish(name);
        life.server = await life.world.serve();
        life.page = await life.openPage();
        await load(life);
        await fc.asyncModelRun(() => ({ model: life, real: life }), list);
      }),
      { numRuns: runs(80) },
    );
  }, 600_000);
});
