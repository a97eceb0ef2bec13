// A bundle that was carried as if it were text is named as such.

import { beforeAll, describe, expect, it } from 'vitest';
import { textDamage } from '../../../src/format/text-damage.ts';
import { decryptBundle, encryptBundle } from '../../../src/index.ts';
import { bytesOf } from '../../support/bytes.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const withCrLf = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from([...bytes].flatMap((byte) => (byte === 0x0a ? [0x0d, 0x0a] : [byte])));
const asUtf8 = (bytes: Uint8Array): Uint8Array =>
  new TextEncoder().encode(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));

describe('decryptBundle', () => {
  const bundles: { readonly bytes: Uint8Array; readonly publicKey: string }[] = [];
  beforeAll(async () => {
    for (const { pkcs8, spki } of [keyA, keyB]) {
      for (const size of [6000, 100_000]) {
        const sealing = { privateKey: pkcs8, metadata: { appId: 'com.example.app' } };
        const { bytes } = await encryptBundle(bytesOf(size), sealing);
        bundles.push({ bytes, publicKey: spki });
      }
    }
  });

  const messageOf = (sealed: Uint8Array | Blob, publicKey: string) =>
    decryptBundle(sealed, { publicKey }).then(
      () => 'opened',
      (error: Error & { code?: string }) => `${error.code} ${error.message}`,
    );

  it('reports that a bundle was read as UTF-8', async () => {
    for (const { bytes, publicKey } of bundles) {
      const message = await messageOf(asUtf8(bytes), publicKey);
      expect(message).toMatch(/^ERR_(HEADER_INVALID|KEY_MISMATCH|LENGTH_INVALID|SEAL_INVALID) /);
      expect(message).toMatch(/transferred as text.*UTF-8/);
    }
  });

  it('reports that line feeds of a bundle became CR LF, or may have', async () => {
    for (const { bytes, publicKey } of bundles) {
      expect(await messageOf(withCrLf(bytes), publicKey)).toContain('transferred as text');
    }
  });

  it('reports the same damage of a Blob', async () => {
    for (const { bytes, publicKey } of bundles) {
      for (const damaged of [asUtf8(bytes), withCrLf(bytes)]) {
        const inMemory = await messageOf(damaged, publicKey);
        expect(await messageOf(new Blob([damaged as BlobPart]), publicKey)).toBe(inMemory);
      }
    }
  });

  it('does not mention text if a bundle was altered in another way', async () => {
    for (const { bytes, publicKey } of bundles) {
      for (const place of [9, 11, 13, 30, 100, 300]) {
        const altered = bytes.slice();
        altered[place] = (altered[place] ?? 0) ^ 1;
        const message = await messageOf(altered, publicKey);
        expect(message).not.toBe('opened');
        expect(message).not.toContain('transferred as text');
      }
      expect(await messageOf(bytes.subarray(0, -1), publicKey)).not.toContain(
        'transferred as text',
      );
    }
  });
});

describe('textDamage', () => {
  const bytes = bytesOf(40_960);

  it('finds both kinds in the first 4 KiB of any bytes', () => {
    for (let at = 0; at < bytes.length; at += 4096) {
      const piece = bytes.subarray(at, at + 4096);
      expect(textDamage(withCrLf(piece).subarray(0, 4096))).toMatch(/CR LF/);
      expect(textDamage(asUtf8(piece).subarray(0, 4096))).toMatch(/UTF-8/);
    }
  });

  it('finds no damage in unaltered bytes and in a text', () => {
    for (let at = 0; at < bytes.length; at += 1024) {
      expect(textDamage(bytes.subarray(at, at + 1024))).toBeUndefined();
    }
    expect(textDamage(new TextEncoder().encode('<!doctype html>\n<p>é</p>\n'))).toBeUndefined();
  });
});
