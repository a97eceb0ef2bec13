import { describe, expect, it } from 'vitest';
import { recall } from '../../../src/update/floors.ts';
import { BUILT_IN, floorOf, stampOf, stateOf } from '../../support/device-state.ts';
import { digestOf } from '../../support/release-index.ts';

const markedBy = (n: number, floors: Parameters<typeof stampOf>[1], builtIn = BUILT_IN) => ({
  ...stampOf(n, floors),
  builtIn,
});

describe('the marks beside the releases in the store', () => {
  it('raise the floor of each channel to the highest mark', () => {
    const state = stateOf([], { floors: [floorOf(2), floorOf(5, 'gamma')] });
    const stored = [
      markedBy(2, [floorOf(3), floorOf(1, 'beta'), floorOf(4, 'gamma')]),
      markedBy(3, [floorOf(1)]),
    ];
    const raised = recall(state, stored);
    expect(raised.floors).toEqual([floorOf(1, 'beta'), floorOf(3), floorOf(5, 'gamma')]);
    expect(recall(raised, stored)).toBe(raised);
  });

  it('change nothing without a higher mark', () => {
    const state = stateOf([], { floors: [floorOf(2)] });
    expect(recall(state, [])).toBe(state);
    expect(recall(state, [markedBy(2, undefined), markedBy(3, [floorOf(2)])])).toBe(state);
  });

  it('count only if the same native build has stored them', () => {
    const state = stateOf([], { floors: [floorOf(2)] });
    expect(recall(state, [markedBy(3, [floorOf(3)], digestOf(9))])).toBe(state);
    expect(recall(state, [stampOf(3, [floorOf(3)])])).toBe(state);
    expect(recall(state, [stampOf(1, [floorOf(3)])]).floors).toEqual([floorOf(3)]);
  });

  it('count only from the epoch of the trusted keys on', () => {
    const keys = { epoch: 2, publicKeys: ['key'], retiredKeys: [] };
    const stored = [
      markedBy(3, [floorOf(9, 'beta', 1), floorOf(3, 'gamma', 2), floorOf(1, 'delta', 3)]),
    ];
    expect(recall(stateOf([], { keys }), stored).floors).toEqual([
      floorOf(3, 'gamma', 2),
      floorOf(1, 'delta', 3),
    ]);
  });

  it('displace no channel that was used last, and are never left out for the channel of the device', () => {
    const floors = Array.from({ length: 100 }, (_, n) => floorOf(1, `channel-${n}`));
    const full = stateOf([], { floors });
    expect(recall(full, [markedBy(3, [floorOf(3, 'other')])])).toBe(full);
    const marks = [floorOf(3), floorOf(3, 'other'), floorOf(4, 'channel-99')];
    expect(recall(full, [markedBy(3, marks)]).floors).toEqual([
      ...floors.slice(1, 99),
      floorOf(4, 'channel-99'),
      floorOf(3),
    ]);
    const room = stateOf([], { floors: floors.slice(0, 99) });
    expect(recall(room, [markedBy(3, marks.slice(1, 2))]).floors).toEqual([
      floorOf(3, 'other'),
      ...floors.slice(0, 99),
    ]);
  });
});
