// Attacks on Capgo's format by someone with the store, the CDN or an extracted app, but without the private key.

import { describe, expect, it, vi } from 'vitest';
import { fromBase64, toBase64 } from '../../src/base64.ts';
import { decryptBundle, decryptManifest, encryptBundle, encryptManifest } from '../../src/capgo.ts';
import { BACKENDS } from '../support/backends.ts';
import { bytesOf } from '../support/bytes.ts';
import { rejection } from '../support/errors.ts';
import { capgoPair } from '../support/pairs.ts';

const { privateKey, publicKey } = capgoPair(0);
const zip = bytesOf(64);
const { bundle, ...made } = await encryptBundle(zip, { privateKey });
const sent = { publicKey, ivSessionKey: made.ivSessionKey, checksum: made.checksum };

describe.each(BACKENDS)('%s', (backend) => {
  it('reveals nothing about the padding: every altered byte before the last block gives the same error', async () => {
    // The oracle of CBC: the block before the last is varied until the padding is right.
    const messages = new Set<string>();
    for (let guess = 1; guess < 256; guess++) {
      const forged = bundle.slice();
      const at = forged.length - 17;
      forged[at] = (forged[at] as number) ^ guess;
      const error = await rejection(
        decryptBundle(forged, { ...sent, backend }),
        'ERR_CHECKSUM_MISMATCH',
      );
      messages.add(JSON.stringify([error.message, error.cause, { ...error }]));
    }
    expect(messages.size).toBe(1);
  });

  // The only backend whose hashing can be watched.
  if (backend === 'webcrypto') {
    it('hashes as much after wrong padding as after correct padding, so that time does not distinguish them', async () => {
      const digest = vi.spyOn(SubtleCrypto.prototype, 'digest');
      const hashed = async (at: number) => {
        const forged = bundle.slice();
        forged[at] = (forged[at] as number) ^ 0x80;
        digest.mockClear();
        await rejection(decryptBundle(forged, { ...sent, backend }), 'ERR_CHECKSUM_MISMATCH');
        return digest.mock.calls.map(([, bytes]) => bytes.byteLength);
      };
      try {
        const wrongBody = await hashed(0);
        const wrongPadding = await hashed(bundle.length - 17);
        expect(wrongBody).toHaveLength(1);
        expect(wrongPadding).toHaveLength(1);
        expect((wrongPadding[0] as number) - (wrongBody[0] as number)).toBeLessThanOrEqual(16);
      } finally {
        digest.mockRestore();
      }
    });
  }

  it('opens nothing under an IV with a bit changed, though the padding stays right', async () => {
    const [iv, key] = made.ivSessionKey.split(':') as [string, string];
    const bytes = fromBase64(iv, 'base64') as Uint8Array;
    for (let bit = 0; bit < 128; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const ivSessionKey = `${toBase64(changed, 'base64')}:${key}`;
      const work = decryptBundle(bundle, { ...sent, ivSessionKey, backend });
      await rejection(work, 'ERR_CHECKSUM_MISMATCH');
    }
  });

  it('opens nothing under a session key or checksum with a bit changed', async () => {
    const [iv, key] = made.ivSessionKey.split(':') as [string, string];
    const signature = fromBase64(key, 'base64') as Uint8Array;
    for (let bit = 0; bit < 2048; bit += 37) {
      const changed = signature.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const ivSessionKey = `${iv}:${toBase64(changed, 'base64')}`;
      await rejection(
        decryptBundle(bundle, { ...sent, ivSessionKey, backend }),
        'ERR_SEAL_INVALID',
      );
      const at = bit >> 2;
      const digit = made.checksum[at] === '0' ? '1' : '0';
      const checksum = made.checksum.slice(0, at) + digit + made.checksum.slice(at + 1);
      await rejection(decryptBundle(bundle, { ...sent, checksum, backend }), 'ERR_SEAL_INVALID');
    }
  });

  it('does not accept a plain bundle if the session key is missing', async () => {
    for (const ivSessionKey of ['', ':', 'undefined', 'null']) {
      const work = decryptBundle(zip, { ...sent, ivSessionKey, backend });
      await rejection(work, 'ERR_HEADER_INVALID');
    }
  });

  it('says only that a key is wrong', async () => {
    const work = decryptBundle(bundle, { ...sent, publicKey: privateKey, backend });
    const { message } = await rejection(work, 'ERR_KEY_INVALID');
    expect(message).not.toContain(privateKey.split('\n')[1]);
  });
});

describe('a manifest from a hostile server', () => {
  const page = bytesOf(10);
  const opening = async (change: (entry: object) => unknown, more: object = {}) => {
    const { manifest, files, ivSessionKey } = await encryptManifest({ a: page }, { privateKey });
    const list = [change(manifest[0] as object)].flat() as never;
    return decryptManifest(list, files, { publicKey, ivSessionKey, trusted: 'unchecked', ...more });
  };
  const NAMELESS = /^a file of the manifest has no file_name$/;
  const HASHLESS = /^a has no file_hash, so its content cannot be verified$/;
  const wrong: [string, (entry: object) => unknown, RegExp][] = [
    ['null', () => null, NAMELESS],
    ['a string', () => 'a', NAMELESS],
    ['an entry without a name', (entry) => ({ ...entry, file_name: undefined }), NAMELESS],
    ['an entry whose name is a list', (entry) => ({ ...entry, file_name: ['a'] }), NAMELESS],
    ['an entry without a hash', (entry) => ({ ...entry, file_hash: undefined }), HASHLESS],
    ['an entry whose hash is a number', (entry) => ({ ...entry, file_hash: 7 }), HASHLESS],
    ['a name that is .br alone', (entry) => ({ ...entry, file_name: '.br' }), /is empty/],
    [
      'a name that is not UTF-8',
      (entry) => ({ ...entry, file_name: '%E0%A4' }),
      /^%E0%A4 is not percent-encoded UTF-8$/,
    ],
    [
      'a file that was not sent',
      (entry) => ({ ...entry, file_name: 'b' }),
      /^b is in the manifest, but not in files: download it$/,
    ],
  ];
  it.each(wrong)('is refused with %s, which the message names', async (_, change, message) => {
    const error = await rejection(opening(change), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(message);
  });

  it.each([0, 15])('is refused with a file of %i bytes, by its path', async (length) => {
    const { manifest, ivSessionKey } = await encryptManifest({ a: page }, { privateKey });
    const files = new Map([['a', bytesOf(length)]]);
    const work = decryptManifest(manifest, files, {
      publicKey,
      ivSessionKey,
      trusted: 'unchecked',
    });
    const error = await rejection(work, 'ERR_LENGTH_INVALID');
    expect(error.path).toBe('a');
    expect(error.message).toBe(
      `an encrypted file has a multiple of 16 bytes, got ${length}: the download was cut`,
    );
  });

  it.each([
    ['stra%C3%9Fe', 'STRASSE'],
    ['a', 'A'],
    ['a', 'a/b'],
    ['a/b', 'a'],
    ['a.br', 'a'],
    ['%61', 'a'],
  ])('is refused with %s beside %s', async (...names) => {
    const { manifest, ivSessionKey, files } = await encryptManifest({ a: page }, { privateKey });
    const list = names.map((file_name) => ({ ...manifest[0], file_name })) as never;
    const bytes = files.get('a') as Uint8Array;
    const given = new Map(names.map((name) => [name, bytes]));
    const work = decryptManifest(list, given, { publicKey, ivSessionKey, trusted: 'unchecked' });
    await rejection(work, 'ERR_ARCHIVE_INVALID');
  });

  it('cannot write control characters to a terminal by its names', async () => {
    const work = opening((entry) => ({ ...entry, file_name: 'x%1B%5B2J' }));
    const error = await rejection(work, 'ERR_ARCHIVE_INVALID');
    expect(error.message).not.toContain('\u001b');
  });

  it('is opened with hashes in either spelling', async () => {
    const { manifest, files, ivSessionKey, checksum } = await encryptManifest(
      { a: page },
      { privateKey, checksumFormat: 'v2', zip: page },
    );
    expect(manifest[0]?.file_hash).toMatch(/^[A-Za-z0-9+/]{342}==$/);
    expect(checksum).toBe(manifest[0]?.file_hash);
    const opened = await decryptManifest(manifest, files, {
      publicKey,
      ivSessionKey,
      trusted: 'unchecked',
    });
    expect(opened.get('a')).toEqual(page);
  });
});
