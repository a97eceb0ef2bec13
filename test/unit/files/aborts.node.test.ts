// Aborts at any call and any time: existing files keep every byte, and no temporary file is left.

import { getEventListeners } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { decryptBundle } from '../../../src/index.ts';
import { onFileSystem, openIn, snapshot, temporaries } from '../../support/files.ts';
import {
  OLD,
  type Options,
  plain,
  publicKey,
  useSealedFiles,
  WAYS,
} from '../../support/sealed-files.ts';

const { here, at, untouched } = useSealedFiles();

describe.each(WAYS)('an abort while a file is %s', (_, inputName, run) => {
  const reason = new Error('enough');

  /** Aborted at its `k`-th moment; whether that was too late. */
  async function abortAt(
    way: (abort: () => void, options: Options) => Promise<unknown>,
  ): Promise<boolean> {
    const controller = new AbortController();
    const before = snapshot(here());
    const outcome = await way(() => controller.abort(reason), { signal: controller.signal }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(temporaries(here())).toEqual([]);
    expect(openIn(here())).toEqual([]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    if (outcome !== undefined) {
      expect(outcome).toBe(reason);
      expect(snapshot(here())).toEqual(before);
      return false;
    }
    await expectWhole();
    writeFileSync(at('out'), OLD);
    return true;
  }

  async function expectWhole(): Promise<void> {
    const out = readFileSync(at('out'));
    const opened = inputName === 'plain' ? await decryptBundle(out, { publicKey }) : out;
    expect(Buffer.compare(opened, plain)).toBe(0);
  }

  it('before it begins changes nothing', async () => {
    const signal = AbortSignal.abort(reason);
    expect(await untouched(() => run(at(inputName), at('out'), { signal }))).toBe(reason);
    expect(await untouched(() => run(at('nothing'), at('new'), { signal }))).toBe(reason);
  });

  it('at any of its progress', async () => {
    for (let k = 1; k <= 6; k++) {
      const isLate = await abortAt((abort, options) => {
        let calls = 0;
        const onProgress = () => {
          if (++calls === k) abort();
        };
        return run(at(inputName), at('out'), { ...options, onProgress });
      });
      expect(isLate).toBe(false);
    }
  });

  it.each(['before', 'after'] as const)('%s any call to the file system', async (when) => {
    // Loads the modules that are loaded only once.
    await abortAt((_abort, options) => run(at(inputName), at('out'), options));
    const outcomes: boolean[] = [];
    let reached = true;
    for (let k = 1; reached; k++) {
      reached = false;
      let calls = 0;
      const isLate = await abortAt((abort, options) => {
        const count = () => {
          if (++calls !== k) return undefined;
          reached = true;
          abort();
          return undefined;
        };
        const work = () => run(at(inputName), at('out'), options);
        return onFileSystem(when === 'before' ? { before: count } : { after: count }, work);
      });
      outcomes.push(isLate);
    }
    expect(outcomes.length).toBeGreaterThan(20);
    // Too late is only what comes after the file is there or about to be, and once it is, it stays so.
    const firstLate = outcomes.indexOf(true);
    expect(outcomes.slice(firstLate)).not.toContain(false);
    expect(outcomes.length - firstLate).toBeLessThan(10);
  });

  it('rejects when no read or write is in progress any more', async () => {
    const mine = new Error('mine');
    const ends: [unknown, (controller: AbortController) => void][] = [
      [reason, (controller) => controller.abort(reason)],
      [
        mine,
        () => {
          throw mine;
        },
      ],
    ];
    for (const [expected, end] of ends) {
      let underWay = 0;
      const atClose: number[] = [];
      const isTransfer = (name: string) => name === 'read' || name === 'write';
      const before = (name: string) => {
        if (name === 'handle.close' || name === 'close') atClose.push(underWay);
        if (!isTransfer(name)) return undefined;
        underWay++;
        return sleep(5);
      };
      const after = (name: string) => {
        if (isTransfer(name)) underWay--;
      };
      const controller = new AbortController();
      let calls = 0;
      const onProgress = () => {
        if (++calls === 2) end(controller);
      };
      const options = { signal: controller.signal, onProgress };
      const work = () => run(at(inputName), at('out'), options);
      const error = await untouched(() => onFileSystem({ before, after }, work));
      expect(error).toBe(expected);
      expect(underWay).toBe(0);
      // Otherwise pending calls would reach another file with the same number.
      expect(new Set(atClose)).toEqual(new Set([0]));
    }
  });

  it('after any number of turns of the event loop', async () => {
    let lates = 0;
    for (let k = 0; lates < 3; k = Math.ceil(k * 1.2) + 1) {
      const isLate = await abortAt((abort, options) => {
        let turns = 0;
        let timer: NodeJS.Immediate | undefined;
        const turn = () => {
          if (turns++ === k) abort();
          else timer = setImmediate(turn);
        };
        turn();
        return run(at(inputName), at('out'), options).finally(() => clearImmediate(timer));
      });
      if (isLate) lates += 1;
    }
  });
});
