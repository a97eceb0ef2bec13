import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  BundleSealError,
  checksum,
  decryptBundle,
  encryptBundle,
  inspectBundle,
  type JsonValue,
  type Metadata,
} from '../../src/index.ts';
import { checksumFile, decryptFile, encryptFile, fileSource } from '../../src/node.ts';
import { BACKENDS } from '../support/backends.ts';
import { bytesOf } from '../support/bytes.ts';
import { withoutChance } from '../support/file-bytes.ts';
import { makeFolder, openIn } from '../support/files.ts';
import { runs } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;

const folder = makeFolder();
const at = (name: string) => join(folder, name);
const put = (name: string, bytes: Uint8Array) => writeFileSync(at(name), bytes);
const get = (name: string) => readFileSync(at(name));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sizes around the edges of chunks, where mistakes are, and of more chunks than are under way at once. */
const sizes = (chunkSize: number) =>
  fc
    .tuple(
      fc.oneof(fc.nat(3), fc.nat(Math.floor(2 ** 20 / chunkSize))),
      fc.constantFrom(-17, -16, -1, 0, 1, 15, 16, 17),
    )
    .map(([chunks, off]) => Math.max(0, chunks * chunkSize + off));

const cases = fc
  .constantFrom(4096, 8192, 65_536, 262_144)
  .chain((chunkSize) => fc.record({ chunkSize: fc.constant(chunkSize), size: sizes(chunkSize) }));

const metadata: fc.Arbitrary<Metadata> = fc
  .record(
    {
      appId: fc.string(),
      version: fc.string(),
      sequence: fc.maxSafeNat(),
      anything: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>,
    },
    { requiredKeys: [] },
  )
  // JSON knows no negative zero.
  .map((value) => JSON.parse(JSON.stringify(value)) as Metadata);

describe.each(BACKENDS)('any file through %s', (backend) => {
  const numRuns = runs(backend === 'node' ? 40 : 12);

  it('is opened unchanged, and equals the result of the functions in memory', async () => {
    await fc.assert(
      fc.asyncProperty(cases, metadata, fc.boolean(), async ({ chunkSize, size }, m, detached) => {
        const plain = bytesOf(size);
        put('plain', plain);
        const options = { privateKey, chunkSize, metadata: m, backend };
        const made = await encryptFile(at('plain'), at('sealed'), { ...options, detached });
        const opening = { publicKey, backend, ...(detached ? { seal: made.seal } : {}) };

        const info = await decryptFile(at('sealed'), at('opened'), opening);
        expect(Buffer.compare(get('opened'), plain)).toBe(0);
        const inMemory = await decryptBundle(get('sealed'), opening);
        expect(Buffer.compare(inMemory, plain)).toBe(0);

        expect(made.checksum).toBe(await checksum(plain));
        expect(await checksumFile(at('plain'), { backend })).toBe(made.checksum);
        expect(info).toEqual({
          ...inspectBundle(made.seal),
          proven: true,
          checksum: made.checksum,
        });
        expect(info.metadata).toEqual(m);
        expect(info.sealedSize).toBe(made.sealedSize);
        expect(get('sealed').length).toBe(made.sealedSize - (detached ? info.headerLength : 0));

        // And the other way round.
        const sealed = await encryptBundle(plain, options);
        put('sealed', detached ? sealed.ciphertext : sealed.bytes);
        const seal = detached ? { seal: sealed.seal } : {};
        await decryptFile(at('sealed'), at('opened'), { publicKey, backend, ...seal });
        expect(Buffer.compare(get('opened'), plain)).toBe(0);
        expect(readdirSync(folder).sort()).toEqual(['opened', 'plain', 'sealed']);
        expect(openIn(folder)).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('equals the result of the functions in memory with the same session key byte by byte', async () => {
    withoutChance();
    try {
      await fc.assert(
        fc.asyncProperty(cases, async ({ chunkSize, size }) => {
          const plain = bytesOf(size);
          put('plain', plain);
          const options = { privateKey, chunkSize, backend };
          const made = await encryptFile(at('plain'), at('sealed'), options);
          const sealed = await encryptBundle(plain, options);
          expect(Buffer.compare(get('sealed'), sealed.bytes)).toBe(0);
          expect(made.seal).toBe(sealed.seal);
        }),
        { numRuns },
      );
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('any change to a sealed file', () => {
  it('is refused with a BundleSealError, and the previous file does not change', async () => {
    const options = { privateKey, chunkSize: 4096 };
    const { bytes } = await encryptBundle(bytesOf(4096 * 4 + 100), options);
    const old = bytesOf(100);
    const changes = fc.record({
      where: fc.nat(bytes.length - 1),
      bit: fc.nat(7),
      cut: fc.boolean(),
    });
    mkdirSync(at('changed'));
    await fc.assert(
      fc.asyncProperty(changes, async ({ where, bit, cut }) => {
        const copy = cut ? bytes.slice(0, where) : bytes.slice();
        if (!cut) copy[where] = (copy[where] ?? 0) ^ (1 << bit);
        put('changed/sealed', copy);
        put('changed/out', old);
        const work = decryptFile(at('changed/sealed'), at('changed/out'), { publicKey });
        await expect(work).rejects.toBeInstanceOf(BundleSealError);
        expect(get('changed/out').equals(old)).toBe(true);
        expect(readdirSync(at('changed')).sort()).toEqual(['out', 'sealed']);
      }),
      { numRuns: runs(150) },
    );
  });
});

describe('any range of a file', () => {
  it('is read unchanged', async () => {
    const plain = bytesOf(50_000);
    put('plain', plain);
    const source = await fileSource(at('plain'));
    const range = fc.tuple(fc.nat(50_000), fc.nat(50_000));
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 10 }), async (ranges) => {
        const all = await Promise.all(
          ranges.map(([a, b]) => source.read(Math.min(a, b), Math.abs(a - b))),
        );
        for (const [i, [a, b]] of ranges.entries()) {
          const expected = plain.subarray(Math.min(a, b), Math.max(a, b));
          expect(Buffer.compare(all[i] as Uint8Array, expected)).toBe(0);
        }
      }),
    );
    await source.close();
  });
});
