// A header looked at without a key, from wherever the bundle is.

import { describe, expect, it } from 'vitest';
import { encryptBundle, inspectBundle, type RandomAccessSource } from '../../../src/index.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection, thrown } from '../../support/errors.ts';
import { keyB } from '../../support/vectors.ts';

const metadata = { appId: 'com.example.app', version: '1.2.3' };
const { bytes } = await encryptBundle(bytesOf(50_000), {
  privateKey: keyB.pkcs8,
  chunkSize: 4096,
  metadata,
});
const info = inspectBundle(bytes);

/** The same bytes as a source, and which of them were read. */
function watched(of: Uint8Array) {
  const reads: [offset: number, length: number][] = [];
  const source: RandomAccessSource = {
    size: of.length,
    async read(offset, length) {
      reads.push([offset, length]);
      return of.slice(offset, offset + length);
    },
  };
  return { source, reads };
}

describe('inspectBundle', () => {
  it('returns the same for a Blob, a source and bytes', async () => {
    expect(info).toMatchObject({ proven: false, metadata, size: 50_000, chunkCount: 13 });
    expect(await inspectBundle(new Blob([bytes]))).toEqual(info);
    expect(await inspectBundle(watched(bytes).source)).toEqual(info);
  });

  it('reads only the fixed part and the metadata of a source', async () => {
    const { source, reads } = watched(bytes);
    await inspectBundle(source);
    const metadataLength = info.headerLength - 56 - 32 * info.chunkCount - info.modulusBits / 8;
    expect(reads).toEqual([
      [0, 56],
      [56, metadataLength],
    ]);
  });

  it('reads no more if the header claims 2^41 digests', async () => {
    const forged = bytes.slice();
    new DataView(forged.buffer).setBigUint64(16, 2n ** 53n - 1n);
    const { reads, source } = watched(forged);
    const found = await inspectBundle({ ...source, size: Number.MAX_SAFE_INTEGER });
    expect(found.chunkCount).toBe(2 ** 41);
    expect(reads.every(([offset, length]) => offset + length < info.headerLength)).toBe(true);
  });

  it('says how many bytes a cut header needs, for every kind of input', async () => {
    const cut = bytes.slice(0, info.headerLength - 1);
    const message = `the header takes ${info.headerLength} bytes, got ${cut.length}: the download was cut, fetch it again`;
    expect(thrown(() => inspectBundle(cut), 'ERR_LENGTH_INVALID').message).toBe(message);
    for (const input of [new Blob([cut]), watched(cut).source]) {
      const error = await rejection(inspectBundle(input), 'ERR_LENGTH_INVALID');
      expect(error.message).toBe(message);
    }
    await rejection(inspectBundle(new Blob([cut.slice(0, 10)])), 'ERR_LENGTH_INVALID');
  });

  it('stops reading a source on an abort, and refuses unknown options', async () => {
    const stop = new AbortController();
    const never: RandomAccessSource = { size: 1000, read: () => new Promise(() => {}) };
    const inspecting = inspectBundle(never, { signal: stop.signal });
    stop.abort('enough');
    await expect(inspecting).rejects.toBe('enough');
    await expect(inspectBundle(new Blob([bytes]), { signal: stop.signal })).rejects.toBe('enough');
    expect(() => inspectBundle(never, { key: 'x' } as never)).toThrow(TypeError);
  });
});
