// Memory for chunks that two threads share.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { nodeBackend } from '../../../src/backend/node.ts';
import { allocateShared, isOurs } from '../../../src/backend/node-memory.ts';
import { recordAllocations } from '../../support/allocations.ts';
import { bytesOf } from '../../support/bytes.ts';

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

  it('is decrypted without a copy, which other memory needs', async () => {
    const [key, nonce, plain] = [bytesOf(32), new Uint8Array(12), bytesOf(1000)];
    const sealed = new Uint8Array(1016);
    const cipher = await nodeBackend.createCipher('encrypt', key, 1000, 4096);
    const digest = await cipher.encrypt(nonce, plain, sealed);
    const inShared = new Uint8Array(allocateShared(1016, false) as SharedArrayBuffer);
    inShared.set(sealed);
    const lengths = recordAllocations();
    for (const [bytes, copies] of [
      [inShared, []],
      [sealed, [1000]],
    ] as const) {
      const opening = await nodeBackend.createCipher('decrypt', key, 1000, 4096);
      expect(await opening.decrypt(nonce, bytes, digest, undefined)).toEqual(plain);
      expect(lengths).toEqual(copies);
    }
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
