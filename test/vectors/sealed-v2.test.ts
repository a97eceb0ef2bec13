import { describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backend/select.ts';
import { sealBundle } from '../../src/bundle/encrypt.ts';
import { fromHex, toHex } from '../../src/bytes.ts';
import { encodeMetadata } from '../../src/format/metadata.ts';
import {
  decryptBundle,
  type ErrorCode,
  encryptBundle,
  inspectBundle,
  keyId,
  publicKeyOf,
  verifyChecksum,
} from '../../src/index.ts';
import { parsePrivateKey } from '../../src/keys/parse.ts';
import { openInput } from '../../src/sources/input.ts';
import { BACKENDS } from '../support/backends.ts';
import { rejection } from '../support/errors.ts';
import { asBase64, base64, keyA, vectors } from '../support/vectors.ts';

describe.each(BACKENDS)('sealed-v2.json through %s', (backend) => {
  describe.each(vectors.good)('$description', (vector) => {
    const publicKey = vectors.keys[vector.key].spki;
    const sealed = base64(vector.sealed);

    it('opens attached', async () => {
      const plain = await decryptBundle(sealed, { publicKey, backend });
      expect(asBase64(plain)).toBe(vector.plain);
    });

    it('opens detached', async () => {
      const body = sealed.subarray(vector.headerLength);
      const plain = await decryptBundle(body, { publicKey, backend, seal: vector.seal });
      expect(asBase64(plain)).toBe(vector.plain);
    });

    it('is made again byte by byte from its session key', async () => {
      const privateKey = parsePrivateKey(vectors.keys[vector.key].pkcs8);
      const plain = base64(vector.plain);
      const metadata = encodeMetadata(vector.metadata);
      expect(asBase64(metadata)).toBe(vector.metadataBytes);
      const made = await sealBundle(openInput(plain, 'bundle'), {
        backend: await selectBackend(backend),
        key: { privateKey, publicKey: privateKey },
        metadata,
        sessionKey: fromHex(vector.sessionKey),
        chunkSize: vector.chunkSize,
      });
      expect(asBase64(made.bytes)).toBe(vector.sealed);
      expect(made.seal).toBe(vector.seal);
      expect(made.checksum).toBe(vector.checksum);
      expect(made.keyId).toBe(vectors.keys[vector.key].keyId);
      expect(asBase64(made.ciphertext)).toBe(asBase64(sealed.subarray(vector.headerLength)));
      expect(made.ciphertext.buffer).toBe(made.bytes.buffer);
    });

    it('has the checksum that its seal signs', async () => {
      const plain = base64(vector.plain);
      const expected = { seal: vector.seal, publicKey };
      expect(await verifyChecksum(plain, expected, { backend })).toBe(true);
      expect(await verifyChecksum(plain, vector.checksum, { backend })).toBe(true);
    });
  });

  it.each(vectors.bad)('refuses: $description', async (vector) => {
    const publicKey = vectors.keys[vector.key].spki;
    const work = decryptBundle(base64(vector.sealed), { publicKey, backend });
    const error = await rejection(work, vector.code as ErrorCode);
    expect(error.chunkIndex).toBe(vector.chunkIndex);
  });
});

describe('sealed-v2.json', () => {
  it.each(vectors.good)('is inspected without a key: $description', (vector) => {
    const info = inspectBundle(vector.seal);
    expect(info).toEqual(inspectBundle(base64(vector.sealed)));
    expect(info).toMatchObject({
      proven: false,
      version: 2,
      keyId: vectors.keys[vector.key].keyId,
      modulusBits: vectors.keys[vector.key].bits,
      size: base64(vector.plain).length,
      sealedSize: base64(vector.sealed).length,
      headerLength: vector.headerLength,
      chunkSize: vector.chunkSize,
      metadata: vector.metadata ?? {},
    });
  });

  it.each(['a', 'b'] as const)('names key %s by its id in every spelling', async (name) => {
    const key = vectors.keys[name];
    for (const spelling of [key.pkcs8, key.pkcs1, key.spki, key.pkcs1Public, key.jwk]) {
      expect(await keyId(spelling)).toBe(key.keyId);
    }
    expect(await publicKeyOf(key.pkcs1)).toBe(key.spki);
  });

  it('draws another session key for every bundle', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => encryptBundle(new Uint8Array(32), { privateKey: keyA.pkcs8 })),
    );
    expect(toHex(one?.ciphertext ?? new Uint8Array())).not.toBe(
      toHex(two?.ciphertext ?? new Uint8Array()),
    );
  });
});
