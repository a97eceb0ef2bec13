// How the library reads the answers of a caller's own source.

import { expect, it } from 'vitest';
import { openRandomAccess } from '../../../src/sources/input.ts';

it.each([
  ['a Buffer', Buffer.from([0, 1, 2, 3, 4]).subarray(1)],
  ['shared memory', new Uint8Array(new SharedArrayBuffer(5), 1).fill(7)],
])('reads %s as a plain Uint8Array over the same memory', async (_, answer) => {
  const source = openRandomAccess({ size: 4, read: async () => answer }, 'source');
  const bytes = await source.read(0, 4);
  expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
  expect(bytes.buffer).toBe(answer.buffer);
  expect([...bytes]).toEqual([...answer]);
});
