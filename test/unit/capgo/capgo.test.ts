// Capgo's format with every backend: encryption, decryption and refusals.

import { describe, expect, it } from 'vitest';
import { toBase64 } from '../../../src/base64.ts';
import { fromHex } from '../../../src/bytes.ts';
import { capgoKeyIdOf } from '../../../src/capgo/keys.ts';
import { decryptBundle, encryptBundle, keygen, keyId } from '../../../src/capgo.ts';
import { BACKENDS } from '../../support/backends.ts';
import { capgoPair, sealingPair } from '../../support/pairs.ts';

const pair = await keygen();
const other = capgoPair(0);

const ZIP = Uint8Array.from({ length: 200_003 }, (_, i) => (i * 31) >> 2);

const code = (error: unknown) => (error as { code?: string }).code;
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing was refused',
    (error: unknown) => code(error) ?? error,
  );

describe('keys', () => {
  it('are RSA-2048 in PKCS#1', () => {
    expect(pair.privateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    expect(pair.publicKey).toMatch(/^-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEA/);
  });

  it('are named by the first 20 characters of the PEM', () => {
    const body = pair.publicKey.split('\n').slice(1, -2).join('');
    expect(pair.keyId).toBe(body.slice(0, 20));
    expect(keyId(pair.publicKey)).toBe(pair.keyId);
  });

  it('have an id in the alphabet of PEM', () => {
    const n = (0xfbffffn << 2024n) | 1n;
    expect(capgoKeyIdOf({ n, e: 65_537n }).slice(0, 16)).toBe('MIIBCgKCAQEA+///');
  });

  it('are refused in any other form', async () => {
    const root = sealingPair(0);
    expect(await refusal(encryptBundle(ZIP, { privateKey: root.privateKey }))).toBe(
      'ERR_KEY_INVALID',
    );
    expect(await refusal(encryptBundle(ZIP, { privateKey: pair.publicKey }))).toBe(
      'ERR_KEY_INVALID',
    );
    expect(() => keyId(pair.privateKey)).toThrow(/V1/);
    expect(() => keyId(root.publicKey)).toThrow(/PKCS#1/);
  });
});

describe.each(BACKENDS)('%s', (backend) => {
  it.each([0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 131_072, 200_003])(
    'encrypts and opens %i bytes',
    async (length) => {
      const plain = ZIP.slice(0, length);
      const { bundle, ...sent } = await encryptBundle(plain, { ...signing(), backend });
      expect(bundle.length).toBe(length - (length % 16) + 16);
      const opened = await decryptBundle(bundle, { ...received(sent), backend });
      expect(opened).toEqual(plain);
    },
  );

  it.each(BACKENDS)('opens what %s made', async (maker) => {
    const { bundle, ...sent } = await encryptBundle(ZIP, { ...signing(), backend: maker });
    expect(await decryptBundle(bundle, { ...received(sent), backend })).toEqual(ZIP);
  });

  it('spells the checksum as V3 and as V2', async () => {
    const v3 = await encryptBundle(ZIP, { ...signing(), backend });
    expect(v3.checksum).toMatch(/^[0-9a-f]{512}$/);
    expect(v3.ivSessionKey).toMatch(/^[A-Za-z0-9+/]{22}==:[A-Za-z0-9+/]{342}==$/);
    const { bundle, ...sent } = await encryptBundle(ZIP, {
      ...signing(),
      checksumFormat: 'v2',
      backend,
    });
    expect(sent.checksum).toMatch(/^[A-Za-z0-9+/]{342}==$/);
    expect(await decryptBundle(bundle, { ...received(sent), backend })).toEqual(ZIP);
  });

  it('makes a new session key and IV every time', async () => {
    const [one, two] = [
      await encryptBundle(ZIP, { ...signing(), backend }),
      await encryptBundle(ZIP, { ...signing(), backend }),
    ];
    expect(one.ivSessionKey).not.toBe(two.ivSessionKey);
    expect(one.bundle).not.toEqual(two.bundle);
    expect(one.checksum).toBe(two.checksum);
  });

  it('refuses every altered byte with the same error, including the padding', async () => {
    const { bundle, ...sent } = await encryptBundle(ZIP.slice(0, 100), { ...signing(), backend });
    const messages = new Set<string>();
    for (let at = 0; at < bundle.length; at++) {
      const altered = bundle.slice();
      altered[at] = (altered[at] as number) ^ (1 + (at % 255));
      const error: unknown = await decryptBundle(altered, { ...received(sent), backend }).catch(
        (reason: unknown) => reason,
      );
      expect(code(error)).toBe('ERR_CHECKSUM_MISMATCH');
      messages.add((error as Error).message);
    }
    expect(messages.size).toBe(1);
  });

  it('refuses another session key, IV, checksum or key', async () => {
    const { bundle, ...sent } = await encryptBundle(ZIP, { ...signing(), backend });
    const { bundle: _, ...foreign } = await encryptBundle(ZIP.slice(1), { ...signing(), backend });
    const open = (changes: object) =>
      refusal(decryptBundle(bundle, { ...received(sent), backend, ...changes }));
    const [iv, key] = sent.ivSessionKey.split(':');
    const [otherIv] = foreign.ivSessionKey.split(':');
    expect(await open({ ivSessionKey: `${otherIv}:${key}` })).toBe('ERR_CHECKSUM_MISMATCH');
    expect(await open({ ivSessionKey: foreign.ivSessionKey })).toBe('ERR_CHECKSUM_MISMATCH');
    expect(await open({ checksum: foreign.checksum })).toBe('ERR_CHECKSUM_MISMATCH');
    expect(await open({ publicKey: other.publicKey })).toBe('ERR_SEAL_INVALID');
    for (const damaged of ['', ':', `${iv}`, `${iv}:`, `:${key}`, `${iv}:${key}:`, `${iv}:*`]) {
      expect(await open({ ivSessionKey: damaged })).toBe('ERR_HEADER_INVALID');
    }
    // What the server sends may have any length: it is not split, matched or decoded as a whole.
    for (const long of [':'.repeat(2 ** 24), `${iv}:${'A'.repeat(2 ** 24)}`]) {
      expect(await open({ ivSessionKey: long })).toBe('ERR_HEADER_INVALID');
    }
    for (const long of ['ab'.repeat(2 ** 23), 'AB/='.repeat(2 ** 22)]) {
      expect(await open({ checksum: long })).toBe('ERR_HEADER_INVALID');
    }
    // The signature of the checksum in the place of the session key's: another length of payload.
    const swapped = toBase64(fromHex(sent.checksum), 'base64');
    expect(await open({ ivSessionKey: `${iv}:${swapped}` })).toBe('ERR_SEAL_INVALID');
  });

  it('refuses a checksum that is missing or not signed', async () => {
    const { bundle, ...sent } = await encryptBundle(ZIP, { ...signing(), backend });
    const open = (checksum: string) =>
      refusal(decryptBundle(bundle, { ...received(sent), backend, checksum }));
    const sha256 = await crypto.subtle.digest('SHA-256', ZIP);
    expect(await open('')).toBe('ERR_VERSION_UNSUPPORTED');
    expect(await open('0a1b2c3d')).toBe('ERR_VERSION_UNSUPPORTED');
    expect(await open(hex(sha256))).toBe('ERR_VERSION_UNSUPPORTED');
    expect(await open('~'.repeat(344))).toBe('ERR_HEADER_INVALID');
    expect(await open('ff'.repeat(256))).toBe('ERR_SEAL_INVALID');
    expect(await open('00'.repeat(256))).toBe('ERR_SEAL_INVALID');
  });

  it('refuses a cut file by its length', async () => {
    const { bundle, ...sent } = await encryptBundle(ZIP, { ...signing(), backend });
    for (const length of [0, 1, bundle.length - 1]) {
      const work = decryptBundle(bundle.slice(0, length), { ...received(sent), backend });
      expect(await refusal(work)).toBe('ERR_LENGTH_INVALID');
    }
    const block = decryptBundle(bundle.slice(0, -16), { ...received(sent), backend });
    expect(await refusal(block)).toBe('ERR_CHECKSUM_MISMATCH');
  });

  it('stops on an abort, and reports its end', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    expect(await refusal(encryptBundle(ZIP, { ...signing(), backend, signal }))).toBe(reason);
    const seen: { done: number; total: number }[] = [];
    await encryptBundle(ZIP, { ...signing(), backend, onProgress: (one) => seen.push(one) });
    expect(seen.at(-1)).toEqual({ done: ZIP.length, total: ZIP.length });
  });
});

describe('options', () => {
  it('that are unknown or of a wrong type are refused', async () => {
    const wrong = [
      encryptBundle(ZIP, { ...signing(), checksumFormat: 'v1' as 'v2' }),
      encryptBundle(ZIP, { ...signing(), chunkSize: 1 } as never),
      encryptBundle('zip' as never, signing()),
      decryptBundle(ZIP, { publicKey: pair.publicKey, checksum: 'aa'.repeat(256) } as never),
    ];
    for (const work of wrong) await expect(work).rejects.toThrow();
  });
});

function signing() {
  return { privateKey: pair.privateKey };
}

function received({ ivSessionKey, checksum }: { ivSessionKey: string; checksum: string }) {
  return { publicKey: pair.publicKey, ivSessionKey, checksum };
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
