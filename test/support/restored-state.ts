// A device whose state is restored from a backup while its releases stay.

import { expect } from 'vitest';
import { STAMP } from '../../src/release/stamp.ts';
import { readStamp, type StampFloor } from '../../src/release.ts';
import type { Life } from './device-model.ts';
import type { Kill, NetworkFault, World } from './update-world.ts';

/** The marks beside the releases that the present app has installed. */
async function storedMarks({ storage, builtInId }: World): Promise<readonly StampFloor[]> {
  const marks: StampFloor[] = [];
  for (const id of await storage.list()) {
    const reader = await storage.open(id);
    // Another program may have removed the stamp.
    const bytes = await reader.read(STAMP).catch(() => undefined);
    const stamp = bytes && readStamp(bytes);
    if (stamp?.builtIn === builtInId) marks.push(...(stamp.floors ?? []));
  }
  return marks;
}

async function trusted({ storage, builtInId }: World) {
  const state = JSON.parse(new TextDecoder().decode(await storage.readState()));
  const epoch: number = state.builtIn === builtInId ? (state.keys?.epoch ?? 0) : 0;
  return { epoch, floors: state.floors as readonly StampFloor[] };
}

interface Restored {
  readonly fault: NetworkFault;
  /** Whether a process starts before it checks. */
  readonly isStarted: boolean;
  /** The first process ends like this. The second one runs to its end. */
  readonly kill: Kill | undefined;
}

/**
 * Restores an older state, runs the device in it, and looks which indexes and keys the device still knows. A backup restores more
 * than marks, such as blocks and trials, so the life afterwards goes on with the state from before.
 *
 * @param age - How many of the states that the device has had are later.
 */
export async function lookAtRestored(
  { world, states }: Life,
  age: number,
  { fault, isStarted, kill }: Restored,
): Promise<void> {
  const state = states.at(-1 - (age % Math.max(states.length, 1)));
  if (state === undefined) return;
  const { network, isFull } = world;
  world.isFull = false;
  world.network = fault;
  await world.restoring(state, async () => {
    const marks = await storedMarks(world);
    const before = await trusted(world);
    for (const end of [kill, undefined]) {
      const { updater, dead } = await world.launch(end);
      const work = async () => {
        if (isStarted) await updater.start();
        await updater.idle();
        await updater.check();
      };
      await Promise.race([work(), dead]);
      updater.dispose();
    }
    const { epoch, floors } = await trusted(world);
    for (const mark of marks) {
      const isKnown = epoch === before.epoch || epoch >= mark.epoch;
      expect(isKnown, 'no keys are trusted of which a later epoch is known').toBe(true);
      // Later keys end the marks of the epochs before.
      if (mark.epoch < epoch) continue;
      const floor = floors.find(({ channel }) => channel === mark.channel);
      const isHigher =
        floor !== undefined &&
        (floor.epoch > mark.epoch ||
          (floor.epoch === mark.epoch && floor.sequence >= mark.sequence));
      expect(isHigher, 'the highest mark of an installed release is never forgotten').toBe(true);
    }
  });
  world.isFull = isFull;
  world.network = network;
}
