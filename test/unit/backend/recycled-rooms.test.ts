// Memory that chunks of a stream take turns in.

import { describe, expect, it } from 'vitest';
import { recycledRooms } from '../../../src/bundle/chunk-loop.ts';
import { decryptStream, encryptStream } from '../../../src/index.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { drain, same, streamOf } from '../../support/streams.ts';
import { keyB } from '../../support/vectors.ts';

describe('recycled rooms', () => {
  it('are one more than the chunks in progress', () => {
    const room = recycledRooms({}, 3);
    const given = Array.from({ length: 9 }, () => room(100).buffer);
    expect(new Set(given).size).toBe(4);
    expect(given.slice(4)).toEqual(given.slice(0, 5));
  });

  it('are shared with the threads of a backend that has them', () => {
    const asked: number[] = [];
    const allocateShared = (length: number) => {
      asked.push(length);
      return new ArrayBuffer(length) as ArrayBufferLike as SharedArrayBuffer;
    };
    const room = recycledRooms({ allocateShared }, 1);
    const given = [100, 90, 80].map(room);
    expect(given.map(({ length }) => length)).toEqual([100, 90, 80]);
    expect(given[2]?.buffer).toBe(given[0]?.buffer);
    expect(asked).toEqual([100, 90]);
  });

  it('have the requested length', () => {
    const room = recycledRooms({}, 1);
    expect([100, 50, 60, 40, 200, 10].map((length) => room(length).length)).toEqual([
      100, 50, 60, 40, 200, 10,
    ]);
    expect(recycledRooms({}, 1)(10)).toEqual(new Uint8Array(10));
  });
});

describe.each(BACKENDS)('a stream of pieces that fit no chunk, through %s', (backend) => {
  // Long enough for a second thread, where there is one, to have chunks of it while others are being read.
  const plain = bytesOf({ node: 20_000_000, webcrypto: 3_000_000, noble: 300_000 }[backend]);
  const chunkSize = backend === 'noble' ? 4096 : 65_536;
  const pieces = (bytes: Uint8Array) => {
    const length = 40_001;
    const count = Math.ceil(bytes.length / length);
    return Array.from({ length: count }, (_, i) => bytes.slice(i * length, (i + 1) * length));
  };

  it('is sealed and opened unchanged', async () => {
    const sealing = { privateKey: keyB.pkcs8, chunkSize, backend };
    const { body, seal } = encryptStream(streamOf(pieces(plain)).stream, sealing);
    const { bytes, error } = await drain(body);
    expect(error).toBeUndefined();
    const opening = { publicKey: keyB.spki, seal: await seal, backend };
    const opened = await drain(decryptStream(streamOf(pieces(bytes)).stream, opening));
    expect(opened.error).toBeUndefined();
    expect(same(opened.bytes, plain)).toBe(true);
  });
});
