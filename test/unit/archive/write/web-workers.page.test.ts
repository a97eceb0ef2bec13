// Deflating in workers of a browser, which the caller allows by the option `threads`.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { zipBundle } from '../../../../src/zip.ts';
import { same, textOf } from '../../../support/zip.ts';

const MIB = 2 ** 20;
const [first, second] = [textOf(2 * MIB), textOf(3 * MIB)];
/** Deflating takes a third of the time at this level. */
const level = 1;

/** The second file is opened when `isReady` resolves, so that no test depends on how soon a worker starts. */
const filesAfter = (isReady: Promise<void>) => ({
  'a.js': first,
  'b.js': () => isReady.then(() => second),
});

/** A promise that resolves after `count` calls. */
function afterCalls(count: number): { readonly done: Promise<void>; call(): void } {
  let resolve = () => {};
  const done = new Promise<void>((settle) => {
    resolve = settle;
  });
  let left = count;
  return {
    done,
    call() {
      left -= 1;
      if (left === 0) resolve();
    },
  };
}

describe('workers of a page', () => {
  let expected: Uint8Array;

  beforeEach(async () => {
    expected ??= await zipBundle({ 'a.js': first, 'b.js': second }, { level, threads: 0 });
  });
  afterEach(() => vi.unstubAllGlobals());

  it('do not start by default', async () => {
    const constructed = vi.fn();
    vi.stubGlobal('Worker', constructed);
    expect(same(await zipBundle(filesAfter(Promise.resolve()), { level }), expected)).toBe(true);
    expect(constructed).not.toHaveBeenCalled();
  });

  it('are replaced by the page if the constructor throws', async () => {
    const refused = afterCalls(1);
    vi.stubGlobal(
      'Worker',
      class {
        constructor() {
          refused.call();
          throw new DOMException('forbidden by the policy', 'SecurityError');
        }
      },
    );
    const zip = await zipBundle(filesAfter(refused.done), { level, threads: 2 });
    expect(same(zip, expected)).toBe(true);
  });

  it('are replaced by the page if they fail after their start', async () => {
    const failed = afterCalls(2);
    const prevented: boolean[] = [];
    vi.stubGlobal(
      'Worker',
      class {
        onerror: (event: Event) => void = () => {};
        constructor() {
          queueMicrotask(() => {
            const event = new Event('error', { cancelable: true });
            this.onerror(event);
            prevented.push(event.defaultPrevented);
            failed.call();
          });
        }
        postMessage(): void {}
        terminate(): void {}
      },
    );
    const zip = await zipBundle(filesAfter(failed.done), { level, threads: 2 });
    expect(same(zip, expected)).toBe(true);
    // The page's console shows no error.
    expect(prevented).toEqual([true, true]);
  });

  // The last test, because these workers stay for a moment, and another test would use them again.
  it('make the same bytes as the page', async () => {
    const urls: string[] = [];
    let answers = 0;
    const ready = afterCalls(2);
    vi.stubGlobal(
      'Worker',
      class extends Worker {
        constructor(url: string, options?: WorkerOptions) {
          super(url, options);
          urls.push(url);
          this.addEventListener('message', ({ data }) => {
            if ('isReady' in data) ready.call();
            else answers += 1;
          });
        }
      },
    );
    const zip = await zipBundle(filesAfter(ready.done), { level, threads: 2 });
    expect(same(zip, expected)).toBe(true);
    expect(urls.map((url) => url.slice(0, 5))).toEqual(['blob:', 'blob:']);
    expect(answers).toBeGreaterThan(0);
  });
});
