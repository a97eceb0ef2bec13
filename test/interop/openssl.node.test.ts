// Keys and signatures to and from the openssl command line, and node:crypto with none of our code. Private
// keys reach openssl in files of mode 0600 in a folder of their own, never on its command line.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  constants,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  privateEncrypt,
  publicDecrypt,
} from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../src/backend/select.ts';
import { integerToBytes } from '../../src/bytes.ts';
import {
  decryptBundle,
  encryptBundle,
  inspectBundle,
  keygen,
  keyId,
  publicKeyOf,
  type Signer,
} from '../../src/index.ts';
import { encodePkcs8 } from '../../src/keys/encode.ts';
import { parsePrivateKey, parsePublicKey } from '../../src/keys/parse.ts';
import { encryptPrivateKey } from '../../src/keys/passphrase.ts';
import { decryptPrivateKey } from '../../src/node.ts';
import { BACKENDS } from '../support/backends.ts';
import { rejection } from '../support/errors.ts';
import { expectNoKeyMaterial } from '../support/keys.ts';
import { sealingPair } from '../support/pairs.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyA, keyB } from '../support/vectors.ts';

const installed = spawnSync('openssl', ['version']).status === 0;
// In CI a missing openssl is a failure, not a shorter run.
const skipped = !installed && process.env['CI'] === undefined;
if (skipped) {
  console.warn('openssl: skipped, it is not installed. Debian: apt-get install openssl.');
}

const bundle = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 31) & 0xff);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Makes the source of randomness begin with two primes and the bases of their tests: to search for them takes a second. */
function offerPrimes(): void {
  const { p, q } = parsePrivateKey(sealingPair(0).privateKey);
  const offered = [p, 2n, 3n, 5n, 7n, 11n, q, 2n, 3n, 5n, 7n, 11n];
  const { getRandomValues } = crypto;
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((room) => {
    const next = offered.shift();
    if (next === undefined) return getRandomValues.call(crypto, room) as typeof room;
    (room as unknown as Uint8Array).set(integerToBytes(next, room?.byteLength as number));
    return room;
  });
}

describe.skipIf(skipped)('openssl', () => {
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bundleseal-openssl-'));
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function file(name: string, content: string | Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  function openssl(args: readonly string[], input?: Uint8Array): Buffer {
    const stdio: ['pipe', 'pipe', 'pipe'] = ['pipe', 'pipe', 'pipe'];
    return execFileSync('openssl', args, { stdio, ...(input === undefined ? {} : { input }) });
  }

  it('gets private keys in files that only their owner can read', () => {
    expect(statSync(file('mode.pem', keyB.pkcs8)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  describe.each(BACKENDS)('and keys of keygen through %s', (backend) => {
    it('in PKCS#8 agree on consistency, the public half and the id', {
      timeout: 300_000,
    }, async () => {
      if (backend === 'noble') offerPrimes();
      const pair = await keygen({ modulusBits: 3072, backend });
      const path = file(`${backend}-pkcs8.pem`, pair.privateKey);
      expect(openssl(['pkey', '-in', path, '-check', '-noout']).toString()).toMatch(/is valid/);
      expect(openssl(['pkey', '-in', path, '-pubout']).toString()).toBe(pair.publicKey);
      const spki = openssl(['pkey', '-in', path, '-pubout', '-outform', 'DER']);
      expect(sha256(spki)).toBe(pair.keyId);
      const text = openssl(['pkey', '-in', path, '-noout', '-text']).toString();
      expect(text).toMatch(/3072 bit, 2 primes/);
      expect(text).toMatch(/publicExponent: 65537/);
    });
  });

  // The same numbers, written in another form by code that all backends share.
  describe.each(PREFERRED_BACKENDS)('and keys of keygen through %s', (backend) => {
    it('in PKCS#1 agree on consistency and the public half', { timeout: 300_000 }, async () => {
      vi.spyOn(await selectBackend(backend), 'generateKey').mockResolvedValue(
        encodePkcs8(parsePrivateKey(sealingPair(0).privateKey)),
      );
      const pair = await keygen({ modulusBits: 3072, backend, format: 'pkcs1' });
      const path = file(`${backend}-pkcs1.pem`, pair.privateKey);
      expect(openssl(['rsa', '-in', path, '-check', '-noout']).toString()).toMatch(/RSA key ok/);
      expect(openssl(['rsa', '-in', path, '-RSAPublicKey_out']).toString()).toBe(pair.publicKey);
      const spki = openssl(['rsa', '-in', path, '-pubout', '-outform', 'DER']);
      expect(sha256(spki)).toBe(pair.keyId);
    });
  });

  describe('and a passphrase', () => {
    const passphrase = 'correct horse';
    const pass = () => `file:${file('passphrase', passphrase)}`;

    it.each([
      ['PBKDF2', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-iter', '60000']],
      [
        'PBKDF2 with SHA-512',
        ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512'],
      ],
      ['scrypt', ['pkcs8', '-topk8', '-scrypt']],
      ['scrypt, in DER', ['pkcs8', '-topk8', '-scrypt', '-outform', 'DER']],
      ['PBES1 with Triple DES', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES']],
      ['the older PEM with headers', ['rsa', '-aes256', '-traditional']],
    ])('protect a key by %s, which is opened here', async (_, args) => {
      const protectedKey = openssl([
        ...args,
        ...['-in', file('plain.pem', keyB.pkcs8), '-passout', pass()],
      ]);
      const opened = await decryptPrivateKey(protectedKey, { passphrase });
      expect(await keyId(opened)).toBe(keyB.keyId);
      const wrong = decryptPrivateKey(protectedKey, { passphrase: 'incorrect horse' });
      await rejection(wrong, 'ERR_KEY_INVALID');
    });

    it('open a key that is protected here', async () => {
      const der = createPrivateKey(keyB.pkcs8).export({ type: 'pkcs8', format: 'der' });
      const path = file('ours.pem', await encryptPrivateKey(der, passphrase));
      const args = ['pkey', '-in', path, '-passin', pass(), '-pubout', '-outform', 'DER'];
      expect(sha256(openssl(args))).toBe(keyB.keyId);
    });
  });

  it('makes keys that seal and open here, in every form that it writes', async () => {
    const path = join(folder, 'own.pem');
    openssl([
      'genpkey',
      '-quiet',
      '-algorithm',
      'RSA',
      '-pkeyopt',
      'rsa_keygen_bits:3072',
      '-out',
      path,
    ]);
    const pkcs8 = openssl(['pkey', '-in', path]);
    const pkcs1 = openssl(['rsa', '-in', path, '-traditional']);
    const spki = openssl(['pkey', '-in', path, '-pubout']);
    const id = sha256(openssl(['pkey', '-in', path, '-pubout', '-outform', 'DER']));
    const privateKeys = [
      pkcs8.toString(),
      pkcs8,
      pkcs1.toString(),
      openssl(['rsa', '-in', path, '-traditional', '-outform', 'DER']),
      openssl(['pkcs8', '-topk8', '-nocrypt', '-in', path, '-outform', 'DER']),
    ];
    const publicKeys = [
      spki.toString(),
      spki,
      openssl(['pkey', '-in', path, '-pubout', '-outform', 'DER']),
      openssl(['rsa', '-in', path, '-RSAPublicKey_out']).toString(),
      openssl(['rsa', '-in', path, '-RSAPublicKey_out', '-outform', 'DER']),
    ];
    expect(pkcs1.toString()).toContain('BEGIN RSA PRIVATE KEY');
    for (const privateKey of privateKeys) {
      expect(await keyId(privateKey)).toBe(id);
      expect(await publicKeyOf(privateKey)).toBe(spki.toString());
      const sealed = await encryptBundle(bundle, { privateKey });
      expect(sealed.keyId).toBe(id);
      for (const publicKey of publicKeys) {
        expect(await decryptBundle(sealed.bytes, { publicKey })).toEqual(bundle);
      }
    }
    for (const publicKey of publicKeys) expect(await keyId(publicKey)).toBe(id);
  });

  it.each([
    ['a', keyA],
    ['b', keyB],
  ])('gives the id of key %s: SHA-256 of its public half in DER', async (_, key) => {
    const der = openssl(['pkey', '-in', file('id.pem', key.pkcs8), '-pubout', '-outform', 'DER']);
    expect(sha256(der)).toBe(await keyId(key.pkcs8));
    expect(openssl(['dgst', '-sha256', '-r'], der).toString()).toContain(await keyId(key.spki));
  });

  it('makes keys of three primes, of EC and under a passphrase that are refused by name', async () => {
    const path = join(folder, 'three.pem');
    const three = ['-pkeyopt', 'rsa_keygen_bits:3072', '-pkeyopt', 'rsa_keygen_primes:3'];
    openssl(['genpkey', '-quiet', '-algorithm', 'RSA', ...three, '-out', path]);
    const pkcs8 = openssl(['pkey', '-in', path]).toString();
    const multi = await rejection(keyId(pkcs8), 'ERR_KEY_INVALID');
    expect(multi.message).toMatch(/more than two primes/);
    expectNoKeyMaterial(multi, pkcs8);

    const ec = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']);
    expect((await rejection(keyId(ec), 'ERR_KEY_INVALID')).message).toMatch(/an EC key/);

    const encrypt = ['pkcs8', '-topk8', '-in', file('plain.pem', keyB.pkcs8), '-passout', 'stdin'];
    const encrypted = openssl(encrypt, new TextEncoder().encode('passphrase\n'));
    const locked = await rejection(keyId(encrypted), 'ERR_KEY_INVALID');
    expect(locked.message).toMatch(/an encrypted private key/);
  });

  describe.each(BACKENDS)('and a bundle sealed through %s', (backend) => {
    it('agree on all that the seal holds, down to the first chunk', async () => {
      const sealed = await encryptBundle(bundle, {
        privateKey: keyB.pkcs8,
        chunkSize: 4096,
        metadata: { appId: 'com.example.app' },
        backend,
      });
      const { headerLength } = inspectBundle(sealed.bytes);
      const head = sealed.bytes.subarray(0, headerLength - 384);
      const signature = sealed.bytes.subarray(headerLength - 384, headerLength);
      const recovered = openssl(
        [
          ...['pkeyutl', '-verifyrecover', '-pubin', '-inkey', file('public.pem', keyB.spki)],
          ...['-pkeyopt', 'rsa_padding_mode:pkcs1'],
        ],
        signature,
      );
      expect(recovered.length).toBe(104);
      expect(recovered.subarray(0, 8).toString('latin1')).toBe('BNDLSEAL');
      expect(recovered.subarray(40, 72).toString('hex')).toBe(sealed.checksum);
      expect(recovered.subarray(72).toString('hex')).toBe(sha256(head));
      const printed = openssl(['dgst', '-sha256', '-r', file('bundle.bin', bundle)]).toString();
      expect(printed.slice(0, 64)).toBe(sealed.checksum);

      // docs/format.md#body with node:crypto alone: three chunks, of which the last ends in 01.
      const body = sealed.bytes.subarray(headerLength);
      const plain = [0, 1, 2].map((index) => {
        const chunk = body.subarray(index * (4096 + 16), (index + 1) * (4096 + 16));
        const nonce = Buffer.from([...Array(10).fill(0), index, index === 2 ? 1 : 0]);
        const key = recovered.subarray(8, 40);
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
        decipher.setAuthTag(chunk.subarray(-16));
        return Buffer.concat([decipher.update(chunk.subarray(0, -16)), decipher.final()]);
      });
      expect(plain[0]).toEqual(Buffer.from(bundle.subarray(0, 4096)));
      expect(Buffer.concat(plain)).toEqual(Buffer.from(bundle));
    });

    it.each<[string, (payload: Uint8Array, key: string) => Buffer]>([
      [
        'with raw PKCS#1 v1.5',
        (payload, key) => openssl(['rsautl', '-sign', '-inkey', key], payload),
      ],
      [
        // "pkeyutl -sign" takes no more than a hash's 64 bytes, so its bare private operation is used.
        'with the bare operation on the padded block',
        (payload, key) => {
          const padding = Buffer.alloc(384 - payload.length - 3, 0xff);
          const block = Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), payload]);
          const none = ['-pkeyopt', 'rsa_padding_mode:none'];
          return openssl(['pkeyutl', '-decrypt', '-inkey', key, ...none], block);
        },
      ],
    ])('agree on the signature: openssl signs %s, it opens', async (_, sign) => {
      const path = file('signer.pem', keyB.pkcs8);
      const signer: Signer = {
        publicKey: keyB.spki,
        sign: async (payload) => sign(payload, path),
      };
      const sealed = await encryptBundle(bundle, { privateKey: signer, backend });
      const plain = await decryptBundle(sealed.bytes, { publicKey: keyB.spki, backend });
      expect(plain).toEqual(bundle);
    });

    it('disagree where openssl hashes first: ERR_SIGNER_FAILED', async () => {
      const path = file('hashing.pem', keyB.pkcs8);
      const signer: Signer = {
        publicKey: keyB.spki,
        sign: async (payload) => openssl(['dgst', '-sha256', '-sign', path], payload),
      };
      const work = encryptBundle(bundle, { privateKey: signer, backend });
      const error = await rejection(work, 'ERR_SIGNER_FAILED');
      expect(error.message).toMatch(/no hash/);
    });

    it('reject with ERR_SIGNER_FAILED and the error of openssl as the cause', async () => {
      const signer: Signer = {
        publicKey: keyB.spki,
        sign: async (payload) =>
          openssl(['pkeyutl', '-sign', '-inkey', join(folder, 'none.pem')], payload),
      };
      const work = encryptBundle(bundle, { privateKey: signer, backend });
      const error = await rejection(work, 'ERR_SIGNER_FAILED');
      expect(error.cause).toBeInstanceOf(Error);
    });
  });
});

describe('node:crypto', () => {
  it('gives keys in every encoding that it has, and all of them are read', async () => {
    const privateKey = createPrivateKey(keyB.pkcs8);
    const publicKey = createPublicKey(privateKey);
    const id = sha256(publicKey.export({ type: 'spki', format: 'der' }));
    const spellings = [
      ...(['pkcs8', 'pkcs1'] as const).flatMap((type) => [
        privateKey.export({ type, format: 'pem' }) as string,
        privateKey.export({ type, format: 'der' }),
        Buffer.from(privateKey.export({ type, format: 'pem' }) as string),
      ]),
      ...(['spki', 'pkcs1'] as const).flatMap((type) => [
        publicKey.export({ type, format: 'pem' }) as string,
        publicKey.export({ type, format: 'der' }),
        Buffer.from(publicKey.export({ type, format: 'pem' }) as string),
      ]),
      { ...privateKey.export({ format: 'jwk' }) },
      { ...publicKey.export({ format: 'jwk' }) },
    ];
    for (const spelling of spellings) expect(await keyId(spelling)).toBe(id);
    expect(await publicKeyOf(privateKey.export({ type: 'pkcs1', format: 'der' }))).toBe(
      publicKey.export({ type: 'spki', format: 'pem' }),
    );
  });

  it('gives bytes in its pool, at any offset, and they are read', async () => {
    const pooled = Buffer.concat([Buffer.from('odd'), Buffer.from(keyB.spki)]).subarray(3);
    expect(pooled.byteOffset + pooled.byteLength).toBeLessThanOrEqual(pooled.buffer.byteLength);
    expect(await keyId(pooled)).toBe(keyB.keyId);
  });

  it('gives KeyObjects, for which the library throws a TypeError that says to export them first', () => {
    const privateKey = createPrivateKey(keyB.pkcs8);
    const publicKey = createPublicKey(keyB.spki);
    expect(() => parsePrivateKey(privateKey as never)).toThrow(TypeError);
    expect(() => parsePrivateKey(privateKey as never)).toThrow(
      /^privateKey expected .*\(export a CryptoKey or KeyObject first\), got a \w*KeyObject$/,
    );
    expect(() => parsePublicKey(publicKey as never)).toThrow(TypeError);
    expect(() => parsePublicKey(publicKey as never)).toThrow(
      /^publicKey expected .*\(export a CryptoKey or KeyObject first\), got a \w*KeyObject$/,
    );
  });

  it.each(BACKENDS)('signs as a Signer with privateEncrypt, through %s', async (backend) => {
    const signer: Signer = {
      publicKey: keyA.spki,
      sign: async (payload) =>
        privateEncrypt({ key: keyA.pkcs8, padding: constants.RSA_PKCS1_PADDING }, payload),
    };
    const sealed = await encryptBundle(bundle, { privateKey: signer, backend });
    expect(await decryptBundle(sealed.bytes, { publicKey: keyA.spki, backend })).toEqual(bundle);
  });

  it.each(BACKENDS)('recovers with publicDecrypt what %s has signed', async (backend) => {
    const sealed = await encryptBundle(bundle, { privateKey: keyA.jwk, backend });
    const { headerLength } = inspectBundle(sealed.seal);
    const signature = sealed.bytes.subarray(headerLength - 512, headerLength);
    const padding = constants.RSA_PKCS1_PADDING;
    const payload = publicDecrypt({ key: keyA.spki, padding }, signature);
    expect(payload.subarray(0, 8).toString()).toBe('BNDLSEAL');
    expect(payload.subarray(40, 72).toString('hex')).toBe(sealed.checksum);
  });
});
