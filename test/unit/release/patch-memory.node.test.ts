// The memory of a call, as far as typed arrays take it.
// @vitest-environment-options { "own": "patch-memory" }

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createPatch } from '../../../src/release.ts';
import { signing } from '../../support/release.ts';
import { textOf } from '../../support/zip.ts';

const MIB = 2 ** 20;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** The bytes that the docstring of `createPatch` allows for one file in each release. */
const boundOf = (older: Uint8Array, newer: Uint8Array) =>
  6 * (older.length + newer.length) + 64 * MIB + 2 * 2048;

async function memoryOf(older: Uint8Array, newer: Uint8Array): Promise<number> {
  // What the test before has left would be freed meanwhile. The memory of an array goes a moment after the array.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const onProgress = () => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  await createPatch({ a: older }, { a: newer }, { ...signing, onProgress });
  return most;
}

describe('createPatch', () => {
  it('takes the documented memory where the old image is much larger than the new one', async () => {
    const older = textOf(24 * MIB);
    const newer = older.slice(0, 1000);
    const memory = await memoryOf(older, newer);
    // Memory grows with the old image too: a multiple of the new one is no bound.
    expect(memory).toBeGreaterThan(64 * MIB + 12 * newer.length);
    expect(memory).toBeLessThanOrEqual(boundOf(older, newer));
  });

  it('takes the documented memory where the new image is much larger than the old one', async () => {
    const newer = textOf(24 * MIB);
    const older = newer.slice(0, 1000);
    const memory = await memoryOf(older, newer);
    expect(memory).toBeGreaterThan(64 * MIB);
    expect(memory).toBeLessThanOrEqual(boundOf(older, newer));
  });
});
