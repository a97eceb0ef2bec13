// Memory that changes under the library, as fs.read or another thread changes it: after every single step of the
// cryptography a hook writes to it. The call returns the signed bytes or rejects.
// @vitest-environment-options { "own": "attack-changing-memory" }

import { afterEach, describe, expect, it, vi } from 'vitest';
import * as capgo from '../../src/capgo.ts';
import { decryptBundle, decryptStream, encryptBundle, openBundle } from '../../src/index.ts';
import { parsePublicKey } from '../../src/keys/parse.ts';
import { unzipBundle, zipBundle } from '../../src/zip.ts';
import { BACKENDS } from '../support/backends.ts';
import { bytesOf } from '../support/bytes.ts';
import { forgeBody, sessionKeyOf, takeApart } from '../support/forger.ts';
import { capgoPair } from '../support/pairs.ts';
import { drain, same, streamOf } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const hook = vi.hoisted(() => ({ meddle: () => {} }));

/** The same methods, and after each of them the hook. */
const hooked = vi.hoisted(() => <T extends object>(target: T): T => {
  return new Proxy(target, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        const result: unknown = value.apply(of, given);
        hook.meddle();
        return result;
      };
    },
  });
});

vi.mock('@noble/hashes/sha2.js', async (original) => {
  const { sha256 } = await original<typeof import('@noble/hashes/sha2.js')>();
  const whole = (bytes: Uint8Array) => hooked({ sha256 }).sha256(bytes);
  return { sha256: Object.assign(whole, { create: () => hooked(sha256.create()) }) };
});
vi.mock('@noble/ciphers/aes.js', async (original) => {
  const { gcm, cbc } = await original<typeof import('@noble/ciphers/aes.js')>();
  return {
    gcm: (...given: Parameters<typeof gcm>) => hooked(gcm(...given)),
    cbc: (...given: Parameters<typeof cbc>) => hooked(cbc(...given)),
  };
});

/** Has the hook called within Node's cryptography and WebCrypto too. */
function meddleWith(meddle: () => void): void {
  const crypto = process.getBuiltinModule('node:crypto');
  for (const name of ['createHash', 'createCipheriv', 'createDecipheriv'] as const) {
    const real = crypto[name] as (...given: unknown[]) => object;
    vi.spyOn(crypto, name).mockImplementation(((...given: unknown[]) =>
      hooked(real(...given))) as never);
  }
  const { subtle } = globalThis.crypto;
  for (const name of ['digest', 'encrypt', 'decrypt'] as const) {
    const real = subtle[name].bind(subtle) as (...given: unknown[]) => unknown;
    vi.spyOn(subtle, name).mockImplementation(((...given: unknown[]) => {
      const result = real(...given);
      hook.meddle();
      return result;
    }) as never);
  }
  hook.meddle = meddle;
}

afterEach(() => {
  hook.meddle = () => {};
  vi.restoreAllMocks();
});

const SIZE = 200_000;
const plain = new Uint8Array(SIZE).fill(0x41);
const forgedPlain = new Uint8Array(SIZE).fill(0x42);

describe.each(BACKENDS)('through %s, memory that changes', (backend) => {
  const opening = { publicKey: keyB.spki, backend };

  it.each([4096, 262_144])(
    'is opened as it was signed or refused, in chunks of %i',
    async (chunkSize) => {
      const { bytes, ciphertext } = await encryptBundle(plain, {
        privateKey: keyB.pkcs8,
        chunkSize,
      });
      const headerLength = bytes.length - ciphertext.length;
      const sessionKey = sessionKeyOf(takeApart(bytes), parsePublicKey(keyB.spki, 'publicKey'));
      const { body: forged } = forgeBody(sessionKey, forgedPlain, chunkSize);
      const genuine = ciphertext.slice();
      const memory = bytes.slice();
      const body = memory.subarray(headerLength);
      let steps = 0;
      let turnsAt = 0;
      // Genuine until one step, and forged from it on.
      meddleWith(() => body.set(steps++ < turnsAt ? genuine : forged));
      const ways = {
        decryptBundle: () => decryptBundle(memory, opening),
        read: async () => (await openBundle(memory, opening)).read(0, SIZE),
        stream: async () => (await drain((await openBundle(memory, opening)).stream())).bytes,
        decryptStream: async () => {
          const { bytes: out } = await drain(decryptStream(streamOf([memory]).stream, opening));
          return out;
        },
      };
      for (const [name, open] of Object.entries(ways)) {
        for (turnsAt = 0; turnsAt < 10; turnsAt++) {
          body.set(genuine);
          steps = 0;
          const out = await open().catch((error: { code?: string }) => {
            expect(error.code, name).toBe('ERR_CHUNK_INVALID');
            return new Uint8Array(0);
          });
          expect(same(out, plain.subarray(0, out.length)), `${name} released forged bytes`).toBe(
            true,
          );
        }
      }
      expect(steps).toBeGreaterThan(0);
    },
  );

  it.each([4096, 262_144])('is sealed as one bundle, in chunks of %i', async (chunkSize) => {
    for (const size of [0, 1, SIZE]) {
      const memory = new Uint8Array(size);
      let byte = 0;
      meddleWith(() => void memory.fill(++byte));
      const sealing = { privateKey: keyB.pkcs8, chunkSize, backend };
      const sealed = await encryptBundle(memory, {
        ...sealing,
        onProgress: () => void memory.fill(7),
      });
      vi.restoreAllMocks();
      hook.meddle = () => {};
      const opened = await decryptBundle(sealed.bytes, opening);
      expect(opened.length).toBe(size);
      expect(sealed.size).toBe(size);
    }
  });

  it('is sealed as one bundle for Capgo, alone and in a manifest', async () => {
    const { privateKey, publicKey } = capgoPair(0);
    const memory = Buffer.alloc(SIZE);
    let byte = 0;
    meddleWith(() => void memory.fill(++byte));
    const { bundle, ivSessionKey, checksum } = await capgo.encryptBundle(memory, {
      privateKey,
      backend,
    });
    const files = { 'a.js': memory, 'b.js': Buffer.from(memory.buffer, memory.byteOffset, 10_000) };
    const brotli = (raw: Uint8Array) => {
      raw.fill(0);
      return raw;
    };
    const sent = await capgo.encryptManifest(files, { privateKey, backend, zip: memory, brotli });
    vi.restoreAllMocks();
    hook.meddle = () => {};
    const keys = { publicKey, backend };
    await capgo.decryptBundle(bundle, { ...keys, ivSessionKey, checksum });
    await capgo.decryptManifest(sent.manifest, sent.files, {
      ...keys,
      ivSessionKey: sent.ivSessionKey,
      trusted: sent.hashes,
    });
    const zip = { ivSessionKey: sent.ivSessionKey, checksum: sent.checksum as string };
    await capgo.decryptBundle(sent.bundle as Uint8Array, { ...keys, ...zip });
  });
});

it('a source that gives views of one Buffer is read before it writes there again', async () => {
  const { bytes } = await encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: 4096 });
  const memory = Buffer.alloc(bytes.length);
  const source = {
    size: memory.length,
    async read(offset: number, length: number) {
      memory.fill(0xff);
      memory.set(bytes.subarray(offset, offset + length), offset);
      return memory.subarray(offset, offset + length);
    },
  };
  const reader = await openBundle(source, { publicKey: keyB.spki });
  expect(same(await reader.read(10, 20), plain.subarray(10, 30))).toBe(true);
});

it('a file that changes while it is zipped makes a zip that can be read', async () => {
  const memory = bytesOf(3_000_000);
  let flips = 0;
  const flip = () => {
    flips += 1;
    for (let i = 0; i < memory.length; i += 1000) memory[i] = flips;
  };
  const zip = await zipBundle({ a: memory }, { onProgress: flip });
  expect(flips).toBeGreaterThan(2);
  expect((await unzipBundle(zip)).get('a')?.length).toBe(memory.length);
});
