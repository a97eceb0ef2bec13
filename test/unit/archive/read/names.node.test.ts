// Names are decoded by what the engine has.
// @vitest-environment-options { "own": "names" }

import { afterEach, describe, expect, it, vi } from 'vitest';
import { join, rawZip, utf8 } from '../../../support/zip.ts';

const NAMES = ['zoë 😀.txt', '\ufeffb.txt', 'plain.txt'];
const zip = rawZip(NAMES.map((name) => ({ name })));
const wrong = rawZip([{ name: join(utf8('a'), Uint8Array.of(0xff)) }]);

async function load() {
  vi.resetModules();
  const { unzipBundle } = await import('../../../../src/zip.ts');
  return unzipBundle;
}

describe('names in UTF-8', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    vi.resetModules();
  });

  it('are decoded by the decoder of the platform if there is one', async () => {
    const decode = vi.spyOn(TextDecoder.prototype, 'decode');
    const unzipBundle = await load();
    expect([...(await unzipBundle(zip)).keys()]).toEqual(NAMES);
    // Each of them in the directory, and nowhere else: local headers are compared to it byte by byte.
    expect(decode).toHaveBeenCalledTimes(NAMES.length);
    await expect(unzipBundle(wrong)).rejects.toThrow(/which it is not/);
  });

  it('are read and refused alike without TextDecoder, as in Hermes', async () => {
    vi.stubGlobal('TextDecoder', undefined);
    const unzipBundle = await load();
    expect([...(await unzipBundle(zip)).keys()]).toEqual(NAMES);
    await expect(unzipBundle(wrong)).rejects.toThrow(/which it is not/);
  });
});
