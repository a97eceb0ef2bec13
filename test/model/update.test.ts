// Random lives of a device: whatever the network, the store, the clock and the system do to it, it keeps its promises.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Updater } from '../../src/update.ts';
import { runs } from '../support/scope.ts';
import {
  BUILDS,
  type Kill,
  NETWORK_FAULTS,
  type NetworkFault,
  type Prepared,
  prepare,
  World,
} from '../support/update-world.ts';

const DAY = 86_400_000;
// Current, previous, ready or next, and what is being written.
const MAX_RELEASES = 4;

let prepared: Prepared;
beforeAll(async () => {
  prepared = await prepare();
});

/** What the device has shown so far. */
interface Model {
  /** Ids that must never run again. */
  readonly failed: Set<string>;
  /** Ids whose confirmation was stored, as the caller was told. */
  readonly confirmed: Set<string>;
  highest: number;
  /** The release that the last start gave. */
  running: string | undefined;
}

interface Life {
  readonly world: World;
}

type Command = fc.AsyncCommand<Model, Life>;

const timeOfRelease = (id: string): string =>
  prepared.releases.find(({ entry }) => entry.id === id)?.entry.createdAt ?? '';

/** Starts a process and checks the release that it gets. */
async function launch(
  model: Model,
  { world }: Life,
  kill?: Kill,
): Promise<{ readonly updater: Updater; readonly dead: Promise<'dead'> } | undefined> {
  const { updater, dead } = await world.launch(kill);
  const started = await Promise.race([updater.start(), dead]);
  if (started === 'dead') return undefined;
  const files = prepared.filesOf.get(started.id);
  expect(files, 'a start gives a release that was published or built in').toBeDefined();
  for (const [path, bytes] of Object.entries(files ?? {})) {
    const read = await Promise.race([started.files.read(path), dead]);
    if (read === 'dead') return undefined;
    expect(read).toEqual(bytes);
  }
  expect([...model.failed], 'a release that failed never runs again').not.toContain(started.id);
  const now = await Promise.race([updater.status(), dead]);
  if (now === 'dead') return undefined;
  const blocked = now.blocked.filter(
    ({ until }) => until === undefined || world.deviceTime < until,
  );
  expect(
    blocked.map(({ id }) => id),
    'a blocked release never runs',
  ).not.toContain(started.id);
  const { running } = model;
  if (running !== undefined && timeOfRelease(started.id) < timeOfRelease(running)) {
    const isWithdrawn = world.withdrawn.some((n) => prepared.releases[n]?.entry.id === running);
    const isBlocked = now.blocked.some(({ id }) => id === running);
    // A start must be counted before a release on trial is handed out, and a full disk takes no count.
    const isUncounted = world.isFull && !model.confirmed.has(running);
    expect(
      isWithdrawn || isBlocked || isUncounted,
      'an older release runs only if the newer one failed or its trial cannot be counted',
    ).toBe(true);
  }
  model.running = started.id;
  return { updater, dead };
}

async function look(model: Model, { world }: Life): Promise<void> {
  const { updater } = await world.launch();
  const { index } = await updater.status();
  const sequence = index?.sequence ?? 0;
  expect(sequence, 'the highest index is never forgotten').toBeGreaterThanOrEqual(model.highest);
  model.highest = sequence;
  expect((await world.storage.list()).length).toBeLessThanOrEqual(MAX_RELEASES);
}

const command = (name: string, run: (model: Model, life: Life) => Promise<void>): Command => ({
  check: () => true,
  run,
  toString: () => name,
});

const publish = fc.integer({ min: 0, max: BUILDS - 1 }).map((n) =>
  command(`publish ${n}`, async (_, { world }) => {
    if (world.withdrawn.includes(n)) return;
    // The publisher never offers an older release in front of a newer one here.
    world.offered = [...new Set([n, ...world.offered])].sort((a, b) => b - a);
    await world.publish();
  }),
);

const withdraw = fc.integer({ min: 0, max: BUILDS - 1 }).map((n) =>
  command(`withdraw ${n}`, async (_, { world }) => {
    world.withdrawn = [...new Set([...world.withdrawn, n])];
    await world.publish();
  }),
);

const network = fc.constantFrom<NetworkFault>(...NETWORK_FAULTS).map((fault) =>
  command(`network: ${fault}`, async (_, { world }) => {
    world.network = fault;
  }),
);

const storage = fc.boolean().map((isFull) =>
  command(isFull ? 'disk full' : 'disk has room', async (_, { world }) => {
    world.isFull = isFull;
  }),
);

const time = fc.integer({ min: 0, max: 40 }).map((days) =>
  command(`${days} days pass`, async (_, { world }) => {
    world.now += days * DAY;
  }),
);

const clock = fc.integer({ min: -400, max: 400 }).map((days) =>
  command(`the clock is ${days} days off`, async (_, { world }) => {
    world.skew = days * DAY;
  }),
);

const kills = fc.option(
  fc.record({
    after: fc.integer({ min: 1, max: 150 }),
    effect: fc.constantFrom('none', 'torn', 'whole'),
  }),
  { nil: undefined, freq: 2 },
);

const killedAt = (kill: Kill | undefined) =>
  kill === undefined ? '' : `, killed at ${kill.after} (effect: ${kill.effect})`;

const run = fc
  .record({
    behaviour: fc.constantFrom('confirms', 'is silent', 'fails'),
    updates: fc.boolean(),
    kill: kills,
  })
  .map(({ behaviour, updates, kill }) =>
    command(
      `run, ${behaviour}${updates ? ', updates' : ''}${killedAt(kill)}`,
      async (model, life) => {
        const launched = await launch(model, life, kill);
        if (launched === undefined) return look(model, life);
        const { updater, dead } = launched;
        const work = async () => {
          const { id } = await updater.start();
          if (updates) await updater.update().catch(() => {});
          if (behaviour === 'confirms') {
            const isStored = await updater.confirm(id).then(
              () => true,
              () => false,
            );
            if (isStored) model.confirmed.add(id);
          }
          if (behaviour === 'fails') {
            const isTold = await updater.fail(id).then(
              () => true,
              () => false,
            );
            if (isTold && id !== prepared.builtInId) model.failed.add(id);
          }
        };
        await Promise.race([work(), dead]);
        updater.dispose();
        await look(model, life);
      },
    ),
  );

const start = kills.map((kill) =>
  command(`start${killedAt(kill)}`, async (model, life) => {
    (await launch(model, life, kill))?.updater.dispose();
    await look(model, life);
  }),
);

/** When everything works again, every device gets the release that the channel offers. */
async function heal(model: Model, life: Life): Promise<void> {
  const { world } = life;
  world.network = 'none';
  world.isFull = false;
  world.skew = 0;
  await world.publish();
  const wanted = world.offered
    .filter((n) => !world.withdrawn.includes(n))
    .map((n) => prepared.releases[n]?.entry.id as string);
  for (let i = 0; i < 6; i++) {
    const updater = (await launch(model, life))?.updater as Updater;
    await updater.update();
    await updater.confirm((await updater.start()).id);
    // The device tries a release again that was blocked for a day.
    world.now += DAY + 1;
    await world.publish();
    updater.dispose();
  }
  const updater = (await launch(model, life))?.updater as Updater;
  const { running, blocked } = await updater.status();
  const isBlocked = (id: string) =>
    model.failed.has(id) || blocked.some((one) => one.id === id && one.until === undefined);
  const healthy = wanted.find((id) => !isBlocked(id));
  if (healthy !== undefined) {
    expect(timeOfRelease(running.id) >= timeOfRelease(healthy), 'the release arrives').toBe(true);
  }
}

describe('a device', () => {
  it('keeps its guarantees under every sequence of faults', async () => {
    const commands = fc.commands(
      [publish, publish, withdraw, network, storage, time, clock, run, run, run, start],
      { maxCommands: 25, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(commands, async (list) => {
        const life: Life = { world: new World(prepared) };
        const model: Model = {
          failed: new Set(),
          confirmed: new Set(),
          highest: 0,
          running: undefined,
        };
        await fc.asyncModelRun(() => ({ model, real: life }), list);
        await heal(model, life);
      }),
      { numRuns: runs(100) },
    );
  }, 600_000);
});
