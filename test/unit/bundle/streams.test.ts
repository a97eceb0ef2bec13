// encryptStream and decryptStream over every backend, and what only one of the two does.

import { describe, expect, it } from 'vitest';
import { concat } from '../../../src/bytes.ts';
import {
  type BundleInfo,
  type BundleSealError,
  decryptStream,
  type EncryptStreamOptions,
  type ErrorCode,
  encryptStream,
} from '../../../src/index.ts';
import { BACKENDS } from '../../support/backends.ts';
import { rejection } from '../../support/errors.ts';
import {
  BODY_CHUNK,
  CHUNK,
  code,
  opening,
  plain,
  sealed,
  sealing,
} from '../../support/sealed-stream.ts';
import { cut, drain, same, streamOf } from '../../support/streams.ts';
import { base64, keyA, keyB, vectors } from '../../support/vectors.ts';

const headerLength = sealed.bytes.length - sealed.ciphertext.length;

describe.each(BACKENDS)('the vectors as streams through %s', (backend) => {
  it.each(vectors.good)(
    '$description',
    async ({ key, sealed: text, seal, headerLength, plain }) => {
      const bytes = base64(text);
      const options = { publicKey: vectors.keys[key].spki, backend };
      const cuts =
        bytes.length < 3000 ? [[1], [bytes.length], [0, 7, 1000]] : [[bytes.length], [6144]];
      for (const lengths of cuts) {
        const whole = await drain(decryptStream(streamOf(cut(bytes, lengths)).stream, options));
        expect(whole.error).toBeUndefined();
        expect(same(whole.bytes, base64(plain))).toBe(true);
        const body = streamOf(cut(bytes.subarray(headerLength), lengths)).stream;
        const apart = await drain(decryptStream(body, { ...options, seal }));
        expect(apart.error).toBeUndefined();
        expect(same(apart.bytes, base64(plain))).toBe(true);
      }
    },
  );

  it.each(vectors.bad.filter(({ code: wanted }) => wanted !== 'ERR_CHECKSUM_MISMATCH'))(
    'refuse: $description',
    async ({ key, sealed: text, code: wanted, chunkIndex }) => {
      const options = { publicKey: vectors.keys[key].spki, backend };
      const { error } = await drain(
        decryptStream(streamOf(cut(base64(text), [1000])).stream, options),
      );
      expect(code(error)).toBe(wanted);
      if (chunkIndex !== undefined) expect((error as BundleSealError).chunkIndex).toBe(chunkIndex);
    },
  );
});

describe.each(BACKENDS)('decryptStream through %s', (backend) => {
  const open = (bytes: Uint8Array) =>
    drain(decryptStream(streamOf(cut(bytes, [6000])).stream, { ...opening, backend }));

  it.each([0, 1, 5, 10])(
    'releases the chunks before an altered one, and no byte of it: %i',
    async (index) => {
      const altered = sealed.bytes.slice();
      const at = headerLength + index * BODY_CHUNK + 50;
      altered[at] = (altered[at] ?? 0) ^ 1;
      const { bytes, error } = await open(altered);
      expect(code(error)).toBe('ERR_CHUNK_INVALID');
      expect((error as BundleSealError).chunkIndex).toBe(index);
      expect(same(bytes, plain.subarray(0, index * CHUNK))).toBe(true);
    },
  );

  it('ends with an error if the input ends early, after the verified chunks', async () => {
    for (const chunks of [0, 1, 4, 10]) {
      for (const off of [-1, 0, 1]) {
        const length = headerLength + chunks * BODY_CHUNK + off;
        const { bytes, error } = await open(sealed.bytes.subarray(0, length));
        expect(code(error)).toBe('ERR_LENGTH_INVALID');
        const proven = Math.max(0, off < 0 ? chunks - 1 : chunks);
        expect(same(bytes, plain.subarray(0, proven * CHUNK))).toBe(true);
      }
    }
  });

  it('ends with an error if the input continues after the end', async () => {
    const longer = new Uint8Array(sealed.bytes.length + 1);
    longer.set(sealed.bytes);
    const { bytes, error } = await open(longer);
    expect(code(error)).toBe('ERR_LENGTH_INVALID');
    expect((error as BundleSealError).message).toBe(
      `the body takes ${sealed.ciphertext.length} bytes, but more bytes follow: they were appended, or the seal belongs to another bundle`,
    );
    expect((error as BundleSealError).offset).toBe(sealed.ciphertext.length);
    expect(bytes.length).toBeLessThanOrEqual(plain.length);
  });

  it('has the offset in the body at which the input was cut', async () => {
    const { error } = await open(sealed.bytes.subarray(0, headerLength + 2 * BODY_CHUNK + 7));
    expect((error as BundleSealError).message).toBe(
      `the body takes ${sealed.ciphertext.length} bytes, but the stream ended after ${2 * BODY_CHUNK + 7}: the download was cut, fetch it again`,
    );
    expect((error as BundleSealError).offset).toBe(2 * BODY_CHUNK + 7);
  });
});

describe('decryptStream', () => {
  it('passes the verified header to onHeader before the first byte', async () => {
    const told: BundleInfo[] = [];
    const stream = decryptStream(streamOf([sealed.bytes]).stream, {
      ...opening,
      onHeader: (info) => told.push(info),
    });
    expect(told).toEqual([]);
    await stream.getReader().read();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ proven: true, size: plain.length, checksum: sealed.checksum });
    const forged = sealed.bytes.slice();
    forged[headerLength - 1] = (forged[headerLength - 1] ?? 0) ^ 1;
    const { error } = await drain(
      decryptStream(streamOf([forged]).stream, { ...opening, onHeader: (info) => told.push(info) }),
    );
    expect(code(error)).toBe('ERR_SEAL_INVALID');
    expect(told).toHaveLength(1);
  });

  it('ends with an error that onHeader throws, and cancels the source', async () => {
    const source = streamOf(cut(sealed.bytes, [5000]));
    const no = new Error('too large for this device');
    const onHeader = () => {
      throw no;
    };
    const { error, bytes } = await drain(decryptStream(source.stream, { ...opening, onHeader }));
    expect(error).toBe(no);
    expect(bytes.length).toBe(0);
    expect(source.cancelled).toEqual([no]);
  });

  it('checks the expectations of the caller', async () => {
    const options = { ...opening, expect: { minSequence: 1 } };
    const { error } = await drain(decryptStream(streamOf([sealed.bytes]).stream, options));
    expect(code(error)).toBe('ERR_EXPECTATION_FAILED');
  });

  it.each(['ERR_KEY_MISMATCH', 'ERR_KEY_INVALID'] as ErrorCode[])(
    'ends with %s',
    async (wanted) => {
      const publicKey = wanted === 'ERR_KEY_INVALID' ? 'no key' : keyA.spki;
      const { error } = await drain(decryptStream(streamOf([sealed.bytes]).stream, { publicKey }));
      expect(code(error)).toBe(wanted);
    },
  );

  it('reports its progress, upwards and to the end', async () => {
    const seen: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      expect(total).toBe(plain.length);
      seen.push(done);
    };
    await drain(decryptStream(streamOf([sealed.bytes]).stream, { ...opening, onProgress }));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(plain.length);
  });

  it.each([
    ['a string', 'text'],
    ['a number', 5],
    ['bytes', new Uint8Array(5)],
    ['nothing', undefined],
  ])('refuses %s for a source', (_, source) => {
    expect(() => decryptStream(source as never, opening)).toThrow(TypeError);
    expect(() => encryptStream(source as never, sealing)).toThrow(TypeError);
  });

  it('refuses a locked stream, unknown options, and wrong ones', () => {
    const locked = streamOf([]).stream;
    locked.getReader();
    expect(() => decryptStream(locked, opening)).toThrow(/locked/);
    expect(() => encryptStream(locked, sealing)).toThrow(/locked/);
    const { stream } = streamOf([]);
    expect(() => decryptStream(stream, { ...opening, expects: {} } as never)).toThrow(
      'decryptStream does not know the option "expects": it takes publicKey, seal, expect, maxChunks, signal, onProgress, backend, onHeader',
    );
    expect(() => encryptStream(stream, { ...sealing, sise: 5 } as never)).toThrow(
      'encryptStream does not know the option "sise": it takes privateKey, metadata, chunkSize, signal, onProgress, backend, size',
    );
    expect(() => decryptStream(stream, { ...opening, onHeader: 5 } as never)).toThrow(/onHeader/);
    expect(() => encryptStream(stream, { ...sealing, size: -1 })).toThrow(RangeError);
    expect(() => encryptStream(stream, { ...sealing, chunkSize: 5 })).toThrow(RangeError);
    expect(stream.locked).toBe(false);
  });
});

it('encryptStream returns the checksum of all bytes after the end', async () => {
  const { body, checksum } = encryptStream(streamOf([plain]).stream, sealing);
  await drain(body);
  expect(await checksum).toBe(sealed.checksum);
});

describe('encryptStream with a bad key', () => {
  it('of a bad private key is an error of the body and of the seal, and is not thrown', async () => {
    const privateKey = 'no key';
    const { body, seal } = encryptStream(new Blob(['x']).stream(), { ...sealing, privateKey });
    const errors = await Promise.all([
      rejection(body.getReader().read(), 'ERR_KEY_INVALID'),
      rejection(seal, 'ERR_KEY_INVALID'),
    ]);
    expect(errors[0].message).toBe(errors[1].message);
  });
});

describe('encryptStream', () => {
  const encrypt = (pieces: readonly unknown[], more: Partial<EncryptStreamOptions> = {}) =>
    encryptStream(streamOf(pieces).stream, { ...sealing, ...more });

  it('refuses a source whose length differs from the given size', async () => {
    const right = encrypt([plain], { size: plain.length });
    expect((await drain(right.body)).error).toBeUndefined();
    await right.seal;
    for (const size of [0, plain.length - 1, plain.length + 1]) {
      const { body, seal } = encrypt(cut(plain, [1000]), { size });
      const { error } = await drain(body);
      expect(code(error)).toBe('ERR_LENGTH_INVALID');
      await rejection(seal, 'ERR_LENGTH_INVALID');
    }
  });

  it('reports the actual and the given size as soon as they differ', async () => {
    const said = async (size: number) =>
      (await drain(encrypt(cut(plain, [1000]), { size }).body)).error as BundleSealError;
    const short = await said(plain.length + 1);
    expect(short.message).toBe(
      `options.size is ${plain.length + 1} and the stream gave ${plain.length} bytes: pass the real size, or leave options.size out`,
    );
    expect(short.offset).toBe(plain.length);
    const long = await said(CHUNK);
    expect(long.message).toMatch(
      `options.size is ${CHUNK} and the stream gave over ${CHUNK} bytes`,
    );
    expect(long.offset).toBe(CHUNK);
  });

  it('accepts any length without a size, and no bytes for a size of 0', async () => {
    for (const [pieces, size] of [
      [[plain], undefined],
      [[], 0],
    ] as const) {
      const { body, seal } = encrypt(pieces, { size } as object);
      expect((await drain(body)).error).toBeUndefined();
      await seal;
    }
  });

  it.each([-1, 0.5, Number.NaN, '5', Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])(
    'refuses a size of %o',
    (size) => {
      expect(() => encrypt([], { size: size as number })).toThrow(RangeError);
      expect(() => encrypt([], { size: size as number })).toThrow(
        `options.size expected an integer from 0 to 2^53 - 1, got ${typeof size === 'string' ? 'a string' : size}`,
      );
    },
  );

  it('reports its progress with the size, or with an infinite total', async () => {
    for (const size of [plain.length, undefined]) {
      let last = { done: 0, total: 0 };
      const onProgress = (progress: typeof last) => {
        last = progress;
      };
      await drain(encrypt([plain], { ...(size && { size }), onProgress }).body);
      expect(last).toEqual({ done: plain.length, total: size ?? Number.POSITIVE_INFINITY });
    }
  });

  it('does not close its body before the seal is made, so a failed signer fails both', async () => {
    const privateKey = { publicKey: keyB.spki, sign: () => Promise.reject(new Error('no HSM')) };
    const { body, seal, checksum } = encrypt([plain], { privateKey });
    const { error } = await drain(body);
    expect(code(error)).toBe('ERR_SIGNER_FAILED');
    await rejection(seal, 'ERR_SIGNER_FAILED');
    await rejection(checksum, 'ERR_SIGNER_FAILED');
  });

  it('rejects its seal with the reason of a reader that cancels', async () => {
    const { body, seal } = encrypt(cut(plain, [CHUNK]));
    const reader = body.getReader();
    await reader.read();
    await reader.cancel('enough');
    await expect(seal).rejects.toBe('enough');
    const other = encrypt([plain]);
    await other.body.cancel();
    await expect(other.seal).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('signs the metadata', async () => {
    const { body, seal } = encrypt([plain], { metadata: { appId: 'app', sequence: 3 } });
    const { bytes } = await drain(body);
    let info: BundleInfo | undefined;
    const onHeader = (told: BundleInfo) => {
      info = told;
    };
    const options = { ...opening, seal: await seal, onHeader };
    await drain(decryptStream(streamOf([bytes]).stream, options));
    expect(info?.metadata).toEqual({ appId: 'app', sequence: 3 });
  });

  it('can be passed to decryptStream, through pipes and tees', async () => {
    const { body, seal } = encrypt(cut(plain, [777]));
    const [one, two] = body.pipeThrough(new TransformStream()).tee();
    const [first, second] = await Promise.all([drain(one), drain(two)]);
    expect(same(first.bytes, second.bytes)).toBe(true);
    const opened = decryptStream(streamOf(cut(first.bytes, [999])).stream, {
      ...opening,
      seal: await seal,
    });
    const kept: Uint8Array[] = [];
    await opened.pipeTo(
      new WritableStream({
        write(chunk) {
          kept.push(chunk);
        },
      }),
    );
    expect(same(concat(...kept), plain)).toBe(true);
  });
});
