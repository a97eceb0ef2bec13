// Whatever is encrypted comes back, and whatever is altered does not.

import fc from 'fast-check';
import { describe, it } from 'vitest';
import { decryptBundle, decryptManifest, encryptBundle, encryptManifest } from '../../src/capgo.ts';
import { BundleSealError } from '../../src/index.ts';
import { BACKENDS } from '../support/backends.ts';
import { capgoPair } from '../support/pairs.ts';
import { runs } from '../support/scope.ts';

const { privateKey, publicKey } = capgoPair(0);

const bytes = fc.uint8Array({ maxLength: 300 });
const backends = fc.tuple(fc.constantFrom(...BACKENDS), fc.constantFrom(...BACKENDS));
const checksumFormat = fc.constantFrom('v3' as const, 'v2' as const);
const RUNS = { numRuns: runs(60) };

const same = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);

describe('a bundle', () => {
  it('is opened unchanged by any backend after any other encrypted it', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, backends, checksumFormat, async (zip, [maker, opener], format) => {
        const { bundle, ivSessionKey, checksum } = await encryptBundle(zip, {
          ...{ privateKey, checksumFormat: format, backend: maker },
        });
        const received = { publicKey, ivSessionKey, checksum, backend: opener };
        return same(await decryptBundle(bundle, received), zip);
      }),
      RUNS,
    );
  });

  it('is refused by an error with a code if its bytes are changed', async () => {
    const zip = Uint8Array.from({ length: 100 }, (_, at) => at);
    const { bundle, ivSessionKey, checksum } = await encryptBundle(zip, { privateKey });
    const others = fc.oneof(
      bytes,
      // Of its length, and of its blocks in another order.
      fc.uint8Array({ minLength: bundle.length, maxLength: bundle.length }),
      fc
        .array(fc.nat({ max: bundle.length / 16 - 1 }), { minLength: 1, maxLength: 9 })
        .map((order) =>
          Uint8Array.from(order.flatMap((at) => [...bundle.subarray(at * 16, at * 16 + 16)])),
        ),
    );
    await fc.assert(
      fc.asyncProperty(others, fc.constantFrom(...BACKENDS), async (other, backend) => {
        fc.pre(!same(other, bundle));
        const received = { publicKey, ivSessionKey, checksum, backend };
        return isRefused(decryptBundle(other, received));
      }),
      { numRuns: runs(200) },
    );
  });

  it('is refused by an error with a code if its session key or checksum is another text', async () => {
    const { bundle, ...sent } = await encryptBundle(new Uint8Array(50), { privateKey });
    const text = fc.oneof(
      fc.string(),
      fc.base64String({ maxLength: 700 }),
      fc.stringMatching(/^[0-9a-fA-F]{0,520}$/),
      fc.tuple(fc.base64String({ maxLength: 24 }), fc.base64String()).map((both) => both.join(':')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (other) => {
        const { ivSessionKey, checksum } = sent;
        const options = { publicKey, ivSessionKey, checksum };
        return (
          (await isRefused(decryptBundle(bundle, { ...options, ivSessionKey: other }))) &&
          (await isRefused(decryptBundle(bundle, { ...options, checksum: other })))
        );
      }),
      { numRuns: runs(200) },
    );
  });
});

describe('a delta update', () => {
  it('is opened to the same files', async () => {
    // Not one of the names that Windows keeps for devices.
    const name = fc.stringMatching(/^x[a-z0-9é_%+-]{0,7}$/);
    const path = fc
      .array(name, { minLength: 1, maxLength: 3 })
      // A file may not be another one's folder.
      .map((names) => `${names.join('/')}.js`);
    const files = fc.dictionary(path, bytes, { maxKeys: 5, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(files, backends, async (raw, [maker, opener]) => {
        const made = await encryptManifest(raw, { privateKey, backend: maker });
        const { manifest, ivSessionKey, hashes: trusted } = made;
        const received = { publicKey, ivSessionKey, trusted, backend: opener };
        const opened = await decryptManifest(manifest, made.files, received);
        return (
          opened.size === Object.keys(raw).length &&
          Object.entries(raw).every(([at, plain]) => same(opened.get(at) as Uint8Array, plain))
        );
      }),
      RUNS,
    );
  });
});

function isRefused(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => false,
    (error: unknown) => error instanceof BundleSealError,
  );
}
