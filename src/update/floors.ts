// The floors of a device: of each channel, the highest index that the device knows of. It refuses a lower one.

import type { StampFloor } from '../release/stamp.ts';

/** The number of channels whose floor a device remembers. */
const MAX_FLOORS = 100;

/** Takes the higher floor of each channel. */
export function raised(
  floors: readonly StampFloor[],
  others: readonly StampFloor[] = [],
): readonly StampFloor[] {
  const highest = new Map(floors.map((floor) => [floor.channel, floor]));
  for (const other of others) {
    const floor = highest.get(other.channel);
    if (floor === undefined || isBelow(floor, other)) highest.set(other.channel, other);
  }
  return [...highest.values()];
}

/** Takes the floor of an accepted index, which comes last, so that its channel is the last one to be forgotten. */
export function withLatest(
  floors: readonly StampFloor[],
  latest: StampFloor,
): readonly StampFloor[] {
  const isOther = ({ channel }: StampFloor) => channel !== latest.channel;
  const all = raised(floors, [latest]);
  return [...all.filter(isOther), ...all.filter((one) => !isOther(one))].slice(-MAX_FLOORS);
}

function isBelow(a: StampFloor, b: StampFloor): boolean {
  return a.epoch === b.epoch ? a.sequence < b.sequence : a.epoch < b.epoch;
}
