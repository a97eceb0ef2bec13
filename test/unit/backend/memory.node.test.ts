// Memory for chunks that two threads share.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { nodeBackend } from '../../../src/backend/node.ts';
import { allocateShared, isOurs } from '../../../src/backend/node-memory.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('shared memory', () => {
  it.each([1, 65_536, 65_537, 300_000])('of %i bytes is zeroed and as long as asked', (length) => {
    const anywhere = allocateShared(length, false) as SharedArrayBuffer;
    expect(anywhere).toBeInstanceOf(SharedArrayBuffer);
    expect(anywhere.byteLength).toBe(length);
    const atPage = allocateShared(length, true) as SharedArrayBuffer;
    expect(atPage).toBeInstanceOf(SharedArrayBuffer);
    // In whole pages of WebAssembly, which begin at a page of the system.
    expect(atPage.byteLength).toBe(65_536 * Math.ceil(length / 65_536));
    for (const memory of [anywhere, atPage]) {
      expect(new Uint8Array(memory).every((byte) => byte === 0)).toBe(true);
    }
  });

  it('counts as memory that no other code can change only if it was allocated here', () => {
    for (const atPage of [true, false]) {
      expect(isOurs(allocateShared(10, atPage) as SharedArrayBuffer)).toBe(true);
    }
    expect(isOurs(new SharedArrayBuffer(10))).toBe(false);
    expect(isOurs(new ArrayBuffer(10))).toBe(false);
  });

  it('is left out if the runtime has none', () => {
    expect(allocateShared(2 ** 60, false)).toBeUndefined();
    expect(allocateShared(2 ** 60, true)).toBeUndefined();
    vi.stubGlobal('SharedArrayBuffer', undefined);
    expect(allocateShared(10, false)).toBeUndefined();
  });

  it('that is not zeroed has a buffer of its own', () => {
    const memory = nodeBackend.allocateUnset?.(10) as Uint8Array;
    expect(Object.getPrototypeOf(memory)).toBe(Uint8Array.prototype);
    expect([memory.length, memory.buffer.byteLength]).toEqual([10, 10]);
  });
});
