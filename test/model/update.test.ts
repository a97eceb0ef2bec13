// Random lives of a device: whatever the publisher, the network, the store, the clock, the app and the system do to it, it
// keeps its promises.

import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Updater } from '../../src/update.ts';
import { heal, Life, launch, look } from '../support/device-model.ts';
import { HARMS } from '../support/memory-tree.ts';
import { lookAtRestored } from '../support/restored-state.ts';
import { runs } from '../support/scope.ts';
import {
  BUILDS,
  CHANNELS,
  type Kill,
  NATIVE_UPDATES,
  NETWORK_FAULTS,
  type NetworkFault,
  type Prepared,
  prepare,
} from '../support/update-world.ts';

const DAY = 86_400_000;
/** They come as often as all other faults of the network together. */
const SIGNED_FAULTS: readonly NetworkFault[] = [
  ...Array<NetworkFault>(5).fill('replayed index'),
  ...Array<NetworkFault>(5).fill('stale index'),
  ...Array<NetworkFault>(5).fill('older keys'),
];
/** Milliseconds that calls wait for the lock of the state, as docs/updates.md says. */
const START_WAIT = 5000;
const CHANGE_WAIT = 30_000;

let prepared: Prepared;
beforeAll(async () => {
  prepared = await prepare();
});
afterEach(() => void vi.useRealTimers());

type Command = fc.AsyncCommand<Life, Life>;

const command = (name: string, run: (life: Life) => Promise<void>): Command => ({
  check: () => true,
  run,
  toString: () => name,
});

/** One in `n` times the fault, otherwise the value that does no harm: most lives should get releases. */
const oneIn = <T, Calm>(n: number, fault: fc.Arbitrary<T>, calm: Calm): fc.Arbitrary<T | Calm> =>
  fc.oneof({ weight: 1, arbitrary: fault }, { weight: n - 1, arbitrary: fc.constant(calm) });

const channels = fc.constantFrom(...CHANNELS);
const numbers = fc.integer({ min: 0, max: BUILDS - 1 });

/** Changes what a channel offers, and publishes it. */
const CHANGES = {
  /** The newer of the offered releases stay in front. */
  publish: (channel, n) => {
    channel.offered = [...new Set([n, ...channel.offered])].sort((a, b) => b - a);
    channel.stopped.delete(n);
  },
  'put in front': (channel, n) => {
    channel.offered = [...new Set([n, ...channel.offered])];
    channel.stopped.delete(n);
  },
  'stop the rollout of': (channel, n) => void channel.stopped.add(n),
  remove: (channel, n) => {
    channel.offered = channel.offered.filter((one) => one !== n);
  },
  withdraw: (channel, n) => void channel.withdrawn.add(n),
} satisfies Record<string, (channel: Life['world']['channels']['beta'], n: number) => void>;

/** The releases that devices have downloaded, or download next. */
const front = { says: 'the front', of: ([first]: readonly number[]) => first };
const DEFAULTS: Record<
  keyof typeof CHANGES,
  { readonly says: string; of(offered: readonly number[]): number | undefined }
> = {
  publish: { says: 'the next', of: ([first = -1]) => Math.min(first + 1, BUILDS - 1) },
  'put in front': { says: 'the second', of: ([, second]) => second },
  'stop the rollout of': front,
  remove: front,
  withdraw: front,
};

const changesBy = (hows: readonly (keyof typeof CHANGES)[]) =>
  fc
    .record({
      how: fc.constantFrom(...hows),
      n: oneIn(2, numbers, undefined),
      name: oneIn(6, fc.constant('beta' as const), 'production' as const),
    })
    .map(({ how, n, name }) => ({
      says: `${how} ${n ?? DEFAULTS[how].says} in ${name}`,
      async apply({ world }: Life) {
        const channel = world.channels[name];
        const which = n ?? DEFAULTS[how].of(channel.offered);
        // A withdrawn release is not offered again.
        if (which === undefined || (how !== 'remove' && channel.withdrawn.has(which))) return;
        CHANGES[how](channel, which);
        await world.publish(name);
      },
    }));

const changes = changesBy(Object.keys(CHANGES) as (keyof typeof CHANGES)[]);
const offers = changesBy(['publish', 'put in front']);

const publisher = fc.oneof(offers, changes).map(({ says, apply }) => command(says, apply));

const network = oneIn(2, fc.constantFrom(...NETWORK_FAULTS), 'none' as const).map((fault) =>
  command(`network: ${fault}`, async ({ world }) => {
    world.network = fault;
  }),
);

const storage = oneIn(3, fc.constant(true), false).map((isFull) =>
  command(isFull ? 'disk full' : 'disk has room', async ({ world }) => {
    world.isFull = isFull;
  }),
);

const time = fc.integer({ min: 0, max: 40 }).map((days) =>
  command(`${days} days pass`, async ({ world }) => {
    world.now += days * DAY;
  }),
);

const clock = oneIn(2, fc.integer({ min: -400, max: 400 }), 0).map((days) =>
  command(`the clock is ${days} days off`, async ({ world }) => {
    world.skew = days * DAY;
  }),
);

const kills = oneIn(
  3,
  fc.record({
    after: fc.integer({ min: 1, max: 250 }),
    effect: fc.constantFrom('none', 'torn', 'whole'),
  }),
  undefined,
);

const killedAt = (kill: Kill | undefined) =>
  kill === undefined ? '' : `, killed at ${kill.after} (effect: ${kill.effect})`;

/** Whether a call resolves. */
const succeeds = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  );

/** The release that an update activates replaces an order that waits for pages. */
async function update(life: Life, updater: Updater): Promise<void> {
  life.isBuiltInOrdered = false;
  await succeeds(updater.update());
}

async function confirm(life: Life, updater: Updater, id: string): Promise<void> {
  life.confirming = id;
  if (await succeeds(updater.confirm(id))) life.confirmed.add(id);
  life.confirming = undefined;
}

async function fail(life: Life, updater: Updater, id: string): Promise<void> {
  if ((await succeeds(updater.fail(id))) && id !== life.world.builtInId) life.failed.add(id);
}

const run = fc
  .record({
    // The network of this process, if it is another one than before.
    fault: oneIn(3, fc.constantFrom<NetworkFault>(...SIGNED_FAULTS, ...NETWORK_FAULTS), undefined),
    behaviour: fc.constantFrom('confirms', 'is silent', 'fails'),
    updates: fc.oneof(fc.constant('not' as const), fc.constant('updates' as const), offers),
    // The process runs on, and updates again after the publisher has done this.
    again: oneIn(2, changes, undefined),
    harm: oneIn(6, fc.constantFrom(...HARMS), undefined),
    isPage: oneIn(2, fc.constant(true), false),
    kill: kills,
  })
  .map(({ fault, behaviour, updates, again, harm, isPage, kill }) =>
    command(
      `${[
        isPage ? 'load a page' : 'run',
        ...(fault === undefined ? [] : [`network: ${fault}`]),
        ...(harm === undefined ? [] : [`another program ${harm}`]),
        ...(updates === 'not'
          ? []
          : typeof updates === 'string'
            ? [updates]
            : [updates.says, 'updates']),
        behaviour,
        ...(again === undefined ? [] : [again.says, 'updates']),
      ].join(', ')}${killedAt(kill)}`,
      async (life) => {
        const { network } = life.world;
        life.world.network = fault ?? network;
        const launched = await launch(life, { kill, harm, isPage });
        if (launched !== undefined) {
          const { updater, dead, id } = launched;
          const work = async () => {
            if (typeof updates !== 'string') await updates.apply(life);
            if (updates !== 'not') await update(life, updater);
            if (behaviour === 'confirms') await confirm(life, updater, id);
            if (behaviour === 'fails') await fail(life, updater, id);
            await again?.apply(life);
            if (again !== undefined) await update(life, updater);
          };
          await Promise.race([work(), dead]);
          updater.dispose();
        }
        life.world.network = network;
        await look(life);
      },
    ),
  );

const starts = fc
  .record({ count: fc.integer({ min: 1, max: 5 }), kill: kills })
  .map(({ count, kill }) =>
    command(`${count} starts${killedAt(kill)}`, async (life) => {
      for (let n = 0; n < count; n++) (await launch(life, { kill }))?.updater.dispose();
      await look(life);
    }),
  );

const order = fc
  .record({ channel: oneIn(2, channels, undefined), isFirst: fc.boolean() })
  .map(({ channel, isFirst }) =>
    command(
      `the app orders the built-in release${channel === undefined ? '' : ` ${isFirst ? 'before' : 'after'} it switches to ${channel}`}`,
      async (life) => {
        const { updater } = (await launch(life)) ?? {};
        const switches = async () => {
          if (channel === undefined) return;
          if (await succeeds(updater?.setChannel(channel) as Promise<void>)) life.channel = channel;
        };
        if (!isFirst) await switches();
        if (await succeeds(updater?.useBuiltIn() as Promise<void>)) life.isBuiltInOrdered = true;
        if (isFirst) await switches();
        updater?.dispose();
        await look(life);
      },
    ),
  );

const closing = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }).map((which) =>
  command(`pages are closed: ${which}`, async (life) => {
    const clients = [...life.pages.keys()];
    for (const [i, client] of clients.entries()) {
      if (which[i % which.length] === true) life.pages.delete(client);
    }
    await look(life);
  }),
);

/** The recovery key speaks, once or twice. The publisher signs the indexes anew, or is late with that. */
const recovery = fc
  .record({ times: fc.integer({ min: 1, max: 2 }), isLate: oneIn(3, fc.constant(true), false) })
  .map(({ times, isLate }) =>
    command(
      `the keys are replaced ${times === 1 ? 'once' : 'twice'}${isLate ? ', the indexes later' : ''}`,
      async ({ world }) => {
        for (let n = 0; n < times; n++) await world.rotate();
        if (!isLate) for (const name of CHANNELS) await world.publish(name);
      },
    ),
  );

const nativeUpdates = fc.integer({ min: 1, max: NATIVE_UPDATES }).map((n) =>
  command(`the app is updated to build ${n}`, async (life) => {
    const { world } = life;
    if (prepared.shipped.findIndex(({ id }) => id === world.builtInId) >= n) return;
    const { next } = await (await world.launch()).updater.status();
    life.activatedBefore = next?.id;
    const floors = await world.updateApp(n);
    life.epoch = 0;
    life.highest.clear();
    // A full disk keeps the state of the app before. Each read adds the marks of the stamp.
    if (!world.isFull) for (const floor of floors) life.highest.set(floor.channel, floor);
    // The built-in release is the last resort.
    life.failed.delete(world.builtInId);
    life.pages.clear();
    (await launch(life))?.updater.dispose();
    await look(life);
  }),
);

const restoring = fc
  .record({
    age: fc.nat({ max: 24 }),
    fault: fc.constantFrom(...SIGNED_FAULTS),
    isStarted: fc.boolean(),
    kill: kills,
  })
  .map(({ age, fault, isStarted, kill }) =>
    command(
      `a backup has the state of ${age} steps ago, network: ${fault}, ${isStarted ? 'starts and checks' : 'checks'}${killedAt(kill)}`,
      (life) => lookAtRestored(life, age, { fault, isStarted, kill }),
    ),
  );

const switching = fc
  .record({ channel: channels, updates: fc.boolean() })
  .map(({ channel, updates }) =>
    command(`the app switches to ${channel}${updates ? ' and updates' : ''}`, async (life) => {
      const { updater } = (await launch(life)) ?? {};
      if (await succeeds(updater?.setChannel(channel) as Promise<void>)) life.channel = channel;
      if (updates) await update(life, updater as Updater);
      updater?.dispose();
      await look(life);
    }),
  );

/** A download takes long. Meanwhile the publisher changes the channel, and another process of the app checks. */
const meanwhile = changes.map(({ says, apply }) =>
  command(`run, updates; meanwhile ${says}, and another process checks`, async (life) => {
    const { updater } = (await launch(life)) ?? {};
    const objects = life.world.holdObjects();
    const updated = succeeds(updater?.update() as Promise<unknown>);
    await Promise.race([objects.reached, updated]);
    await apply(life);
    const other = await life.world.launch();
    await succeeds(other.updater.check());
    objects.open();
    if (await updated) life.isBuiltInOrdered = false;
    updater?.dispose();
    other.updater.dispose();
    await look(life);
  }),
);

/** Resolves when a call has waited exactly so long for a lock that another process holds. */
async function afterWait<T>(asked: Promise<void>, call: Promise<T>, wait: number): Promise<T> {
  let isSettled = false;
  const settles = () => {
    isSettled = true;
  };
  call.then(settles, settles);
  await asked;
  await vi.advanceTimersByTimeAsync(wait - 1);
  expect(isSettled, `it waits for ${wait} ms`).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  return call;
}

const held = fc.constantFrom('confirms', 'fails').map((behaviour) =>
  command(`start, and it ${behaviour}, while another process holds the lock`, async (life) => {
    const { world } = life;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let lock: ReturnType<typeof world.hold> | undefined;
    const launched = await launch(life, {
      withoutLock: (updater) => {
        lock = world.hold('state');
        return afterWait(lock.asked, updater.start(), START_WAIT);
      },
    });
    if (launched === undefined || lock === undefined) throw new Error('the process was killed');
    const { updater, id } = launched;
    const before = await updater.status();
    const other = world.hold('state');
    const change = behaviour === 'confirms' ? updater.confirm(id) : updater.fail(id);
    const isDone = await afterWait(other.asked, succeeds(change), CHANGE_WAIT);
    expect(isDone, 'a change without the lock is an error').toBe(false);
    lock.free();
    other.free();
    await updater.idle();
    const { running, trial, blocked } = await updater.status();
    expect({ running, trial, blocked }, 'nothing is changed later').toEqual({
      running: before.running,
      trial: before.trial,
      blocked: before.blocked,
    });
    updater.dispose();
    vi.useRealTimers();
    await look(life);
  }),
);

describe('a device', () => {
  it('keeps its guarantees under every sequence of faults', async () => {
    const commands = fc.commands(
      [
        ...[publisher, publisher, publisher, network, storage, time, clock],
        ...[run, run, run, run, run, starts, order, switching, meanwhile, held],
        ...[closing, recovery, nativeUpdates, restoring, restoring],
      ],
      { maxCommands: 25, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(commands, async (list) => {
        const life = new Life(prepared);
        await fc.asyncModelRun(() => ({ model: life, real: life }), list);
        await heal(life);
      }),
      { numRuns: runs(200) },
    );
  }, 600_000);
});
