import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BundleSealError,
  decryptBundle,
  encryptBundle,
  inspectBundle,
  type JsonValue,
  type Metadata,
} from '../../src/index.ts';
import { BACKENDS } from '../support/backends.ts';
import { bytesOf } from '../support/bytes.ts';
import { everyNth, runs } from '../support/scope.ts';
import { keyA, keyB } from '../support/vectors.ts';

const KEYS = { a: keyA, b: keyB };

/** Sizes around the edges of chunks, where mistakes are. */
const sizes = (chunkSize: number) =>
  fc
    .tuple(fc.nat(3), fc.constantFrom(-17, -16, -1, 0, 1, 15, 16, 17))
    .map(([chunks, off]) => Math.max(0, chunks * chunkSize + off));

const cases = fc
  .constantFrom(4096, 8192, 65_536)
  .chain((chunkSize) => fc.record({ chunkSize: fc.constant(chunkSize), size: sizes(chunkSize) }));

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
const metadata: fc.Arbitrary<Metadata> = fc
  .record(
    {
      appId: fc.string({ unit: 'binary' }),
      version: fc.string(),
      channel: fc.string(),
      sequence: fc.maxSafeNat(),
      createdAt: fc
        .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
        .map((date) => date.toISOString()),
      anything: json,
    },
    { requiredKeys: [] },
  )
  // JSON knows no negative zero.
  .map((value) => JSON.parse(JSON.stringify(value)) as Metadata);

/** One change to the bytes that leaves them different. */
type Change = (bytes: Uint8Array) => Uint8Array;

const position = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (bytes: Uint8Array, where: number) => Math.floor(where * bytes.length);

const flipped: fc.Arbitrary<Change> = fc
  .tuple(position, fc.nat(7))
  .map(([where, bit]) => (bytes) => {
    const copy = bytes.slice();
    copy[at(copy, where)] = (copy[at(copy, where)] ?? 0) ^ (1 << bit);
    return copy;
  });
const cut: fc.Arbitrary<Change> = position.map(
  (where) => (bytes) => bytes.slice(0, at(bytes, where)),
);
const removed: fc.Arbitrary<Change> = fc
  .tuple(position, fc.integer({ min: 1, max: 100 }))
  .map(([where, length]) => (bytes) => {
    const start = at(bytes, where);
    return Uint8Array.from([...bytes.subarray(0, start), ...bytes.subarray(start + length)]);
  });
const inserted: fc.Arbitrary<Change> = fc
  .tuple(position, fc.uint8Array({ minLength: 1, maxLength: 100 }))
  .map(([where, more]) => (bytes) => {
    const start = at(bytes, where);
    return Uint8Array.from([...bytes.subarray(0, start), ...more, ...bytes.subarray(start)]);
  });
const exchanged: fc.Arbitrary<Change> = fc
  .tuple(fc.nat(3), fc.integer({ min: 1, max: 3 }))
  .map(([one, by]) => (bytes) => {
    const body = inspectBundle(bytes).headerLength;
    const other = (one + by) % 4;
    const place = (i: number) => [body + i * 4112, body + (i + 1) * 4112] as const;
    const copy = bytes.slice();
    copy.set(bytes.slice(...place(other)), place(one)[0]);
    copy.set(bytes.slice(...place(one)), place(other)[0]);
    return copy;
  });
const overwritten: fc.Arbitrary<Change> = fc
  .tuple(position, fc.uint8Array({ minLength: 1, maxLength: 64 }))
  .map(([where, more]) => (bytes) => {
    const copy = bytes.slice();
    const start = Math.min(at(copy, where), copy.length - more.length);
    copy.set(more, start);
    return copy;
  });

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

describe.each(BACKENDS)('any bundle through %s', (backend) => {
  it('is opened unchanged by its key only, attached and detached', async () => {
    await fc.assert(
      fc.asyncProperty(
        cases,
        fc.option(metadata),
        fc.constantFrom('a', 'b'),
        async (c, m, name) => {
          const key = KEYS[name];
          const other = KEYS[name === 'a' ? 'b' : 'a'];
          const bundle = bytesOf(c.size);
          const sealed = await encryptBundle(bundle, {
            privateKey: key.pkcs8,
            chunkSize: c.chunkSize,
            backend,
            ...(m === null ? {} : { metadata: m }),
          });
          const publicKey = key.spki;
          expect(same(await decryptBundle(sealed.bytes, { publicKey, backend }), bundle)).toBe(
            true,
          );
          const apart = await decryptBundle(sealed.ciphertext, {
            publicKey,
            backend,
            seal: sealed.seal,
          });
          expect(same(apart, bundle)).toBe(true);
          expect(inspectBundle(sealed.seal).metadata).toEqual(m ?? {});
          await expect(
            decryptBundle(sealed.bytes, { publicKey: other.spki, backend }),
          ).rejects.toMatchObject({ code: 'ERR_KEY_MISMATCH', keyId: key.keyId });
        },
      ),
      { numRuns: runs(backend === 'node' ? 60 : 25) },
    );
  });

  it('is refused with a BundleSealError after any change', async () => {
    const { bytes } = await encryptBundle(bytesOf(4096 * 4 + 100), {
      privateKey: keyB.pkcs8,
      chunkSize: 4096,
      metadata: { appId: 'com.example.app', sequence: 3 },
      backend,
    });
    const change = fc.oneof(flipped, cut, removed, inserted, exchanged, overwritten);
    await fc.assert(
      fc.asyncProperty(change, async (apply) => {
        const changed = apply(bytes);
        fc.pre(!same(changed, bytes));
        const error: unknown = await decryptBundle(changed, { publicKey: keyB.spki, backend }).then(
          () => 'opened',
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(BundleSealError);
      }),
      { numRuns: runs(300) },
    );
  });

  it('with any bit of its header changed is refused', async () => {
    const bundle = bytesOf(100);
    const { bytes, ciphertext } = await encryptBundle(bundle, {
      privateKey: keyB.pkcs8,
      backend,
    });
    const headerLength = bytes.length - ciphertext.length;
    // The steps have no factor of 8, so that each place in a byte has its turn.
    const bits = [...Array(8 * headerLength).keys()];
    for (const bit of everyNth(bits, backend === 'node' ? 3 : 7)) {
      const copy = bytes.slice();
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const work = decryptBundle(copy, { publicKey: keyB.spki, backend });
      await expect(work, `bit ${bit}`).rejects.toBeInstanceOf(BundleSealError);
    }
  });
});

describe('any bytes', () => {
  it('are refused with a BundleSealError, also if they begin like a header', async () => {
    const start = Uint8Array.from([...new TextEncoder().encode('BNDLSEAL'), 2, 1, 12, 0, 1, 128]);
    const tail = fc.uint8Array({ maxLength: 700 });
    const bytes = fc.oneof(
      tail,
      tail.map((rest) => Uint8Array.from([...start, ...rest])),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (input) => {
        const work = decryptBundle(input, { publicKey: keyB.spki });
        await expect(work).rejects.toBeInstanceOf(BundleSealError);
        try {
          inspectBundle(input);
        } catch (error) {
          expect(error).toBeInstanceOf(BundleSealError);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  it('as a seal are refused with a BundleSealError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (seal) => {
        const work = decryptBundle(new Uint8Array(16), { publicKey: keyB.spki, seal });
        await expect(work).rejects.toBeInstanceOf(BundleSealError);
      }),
      { numRuns: runs(200) },
    );
  });
});
