// Files in Capgo's format: the same bytes as in memory. An output is whole and verified, or it does not exist.

import { publicDecrypt } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decryptBundle, encryptBundle } from '../../../src/capgo.ts';
import { decryptFile, encryptFile } from '../../../src/capgo-node.ts';
import type { ErrorCode, Progress } from '../../../src/index.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder, openIn, snapshot, temporaries } from '../../support/files.ts';
import { capgoPair } from '../../support/pairs.ts';
import { wipedBy } from '../../support/wiped.ts';

const PIECE = 2 ** 20;

const { privateKey, publicKey } = capgoPair(0);
const folder = makeFolder();
const at = (name: string) => join(folder, name);

const plain = bytesOf(2 * PIECE + 5);
let sent: { ivSessionKey: string; checksum: string };

// Runs before each test, although it works only once: if it fails, the tests fail instead of being skipped.
beforeEach(async () => {
  if (sent !== undefined) return;
  writeFileSync(at('plain'), plain);
  sent = await encryptFile(at('plain'), at('encrypted'), { privateKey });
});
afterEach(() => {
  expect(openIn(folder)).toEqual([]);
});

describe('encryptFile and decryptFile', () => {
  it.each([0, 1, 15, 16, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])(
    'process %i bytes like the functions in memory',
    async (length) => {
      const bytes = bytesOf(length);
      writeFileSync(at('in'), bytes);
      const { size, encryptedSize, keyId, ...made } = await encryptFile(at('in'), at('out'), {
        privateKey,
        checksumFormat: 'v2',
      });
      const encrypted = readFileSync(at('out'));
      expect([size, encryptedSize]).toEqual([length, encrypted.length]);
      const inMemory = await decryptBundle(encrypted, { publicKey, ...made });
      expect(Buffer.compare(inMemory, bytes)).toBe(0);

      const { bundle, ...other } = await encryptBundle(bytes, { privateKey });
      expect(keyId).toBe(other.keyId);
      writeFileSync(at('bundle'), bundle);
      const { ivSessionKey, checksum } = other;
      const received = { publicKey, ivSessionKey, checksum };
      const opened = await decryptFile(at('bundle'), at('opened'), received);
      expect(opened.size).toBe(length);
      expect(opened.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(Buffer.compare(readFileSync(at('opened')), bytes)).toBe(0);
    },
  );

  it('report increasing progress, and the end once', async () => {
    const seen: Progress[] = [];
    await encryptFile(at('plain'), at('out'), { privateKey, onProgress: (one) => seen.push(one) });
    expect(seen.map(({ done }) => done)).toEqual([PIECE, 2 * PIECE, plain.length]);
    expect(new Set(seen.map(({ total }) => total))).toEqual(new Set([plain.length]));
    seen.length = 0;
    const options = { publicKey, ...only(sent), onProgress: (one: Progress) => seen.push(one) };
    await decryptFile(at('encrypted'), at('out'), options);
    const total = readFileSync(at('encrypted')).length;
    expect(seen).toEqual([PIECE, 2 * PIECE, total].map((done) => ({ done, total })));
  });

  it('wipe the session key, also after an error', async () => {
    const made = await wipedBy(() => encryptFile(at('plain'), at('out'), { privateKey }));
    // Copies of it are wiped too.
    expect(new Set(made.filter((bytes) => /^(?!0+$).{32}$/.test(bytes))).size).toBe(1);
    const [, signed] = sent.ivSessionKey.split(':') as [string, string];
    const sessionKey = publicDecrypt(publicKey, Buffer.from(signed, 'base64')).toString('hex');
    const options = { publicKey, ...only(sent) };
    const opened = await wipedBy(() => decryptFile(at('encrypted'), at('out'), options));
    expect(opened).toContain(sessionKey);
    const refused = await wipedBy(() =>
      rejection(decryptFile(at('nowhere'), at('out'), options), 'ERR_FILE'),
    );
    expect(refused).toContain(sessionKey);
  });

  const damages: [string, ErrorCode, (bytes: Buffer) => Buffer][] = [
    ['its first byte altered', 'ERR_CHECKSUM_MISMATCH', (bytes) => flip(bytes, 0)],
    ['a byte altered', 'ERR_CHECKSUM_MISMATCH', (bytes) => flip(bytes, PIECE + 3)],
    ['its padding altered', 'ERR_CHECKSUM_MISMATCH', (bytes) => flip(bytes, bytes.length - 1)],
    ['a block cut off', 'ERR_CHECKSUM_MISMATCH', (bytes) => bytes.subarray(0, -16)],
    ['a byte cut off', 'ERR_LENGTH_INVALID', (bytes) => bytes.subarray(0, -1)],
    ['nothing in it', 'ERR_LENGTH_INVALID', (bytes) => bytes.subarray(0, 0)],
  ];
  it.each(damages)('keep the previous file if the file has %s', async (_, code, damage) => {
    writeFileSync(at('damaged'), damage(readFileSync(at('encrypted'))));
    writeFileSync(at('kept'), 'before');
    const before = snapshot(folder);
    const work = decryptFile(at('damaged'), at('kept'), { publicKey, ...only(sent) });
    await rejection(work, code);
    expect(snapshot(folder)).toEqual(before);
  });

  it('give the same error for wrong padding and a wrong checksum', async () => {
    const bytes = readFileSync(at('encrypted'));
    const messages = await Promise.all(
      [0, bytes.length - 1].map(async (place) => {
        writeFileSync(at(`flipped-${place}`), flip(bytes, place));
        const options = { publicKey, ...only(sent) };
        const work = decryptFile(at(`flipped-${place}`), at(`flipped-out-${place}`), options);
        return (await rejection(work, 'ERR_CHECKSUM_MISMATCH')).message;
      }),
    );
    expect(new Set(messages).size).toBe(1);
  });

  it('end on an abort, and leave no file', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const { signal } = stop;
    let told = 0;
    const onProgress = () => {
      told++;
      stop.abort(reason);
    };
    const before = snapshot(folder);
    const options = { publicKey, ...only(sent), signal, onProgress };
    await expect(decryptFile(at('encrypted'), at('never'), options)).rejects.toBe(reason);
    // At the piece at which it was aborted, and not when all is written.
    expect(told).toBe(1);
    await expect(encryptFile(at('plain'), at('never'), { privateKey, signal })).rejects.toBe(
      reason,
    );
    await expect(decryptFile(at('encrypted'), at('never'), options)).rejects.toBe(reason);
    expect(told).toBe(1);
    const later = new AbortController();
    const encrypting = {
      privateKey,
      signal: later.signal,
      onProgress: () => {
        told++;
        later.abort(reason);
      },
    };
    await expect(encryptFile(at('plain'), at('never'), encrypting)).rejects.toBe(reason);
    expect(told).toBe(2);
    expect(snapshot(folder)).toEqual(before);
    expect(temporaries(folder)).toEqual([]);
  });

  it('refuse an input that changes meanwhile', async () => {
    writeFileSync(at('changing'), plain);
    const onProgress = () => appendFileSync(at('changing'), 'more');
    const work = encryptFile(at('changing'), at('never'), { privateKey, onProgress });
    expect((await rejection(work, 'ERR_FILE')).message).toMatch(/was changed while it was read/);
  });

  const mistakes: [string, () => Promise<unknown>, string][] = [
    ['an input', () => encryptFile(7 as never, at('out'), { privateKey }), 'input'],
    ['an output', () => encryptFile(at('plain'), '', { privateKey }), 'output'],
    ['an input', () => decryptFile(7 as never, at('out'), { publicKey, ...sent }), 'input'],
    ['an output', () => decryptFile(at('plain'), '', { publicKey, ...sent }), 'output'],
    [
      'an option of encryptFile',
      () => encryptFile(at('plain'), at('out'), { privateKey, zip: 1 } as never),
      'encryptFile does not know the option "zip": it takes privateKey, checksumFormat, signal, onProgress',
    ],
    [
      'an option of decryptFile',
      () => decryptFile(at('plain'), at('out'), { publicKey, ...only(sent), zip: 1 } as never),
      'decryptFile does not know the option "zip": it takes publicKey, ivSessionKey, checksum, signal, onProgress',
    ],
  ];
  it.each(mistakes)('say which argument is wrong: %s', async (_, work, message) => {
    const error = await work().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message.startsWith(message)).toBe(true);
  });

  it('refuse the input as the output, a missing file and unknown options', async () => {
    await rejection(encryptFile(at('plain'), at('plain'), { privateKey }), 'ERR_FILE');
    await rejection(encryptFile(at('nowhere'), at('out'), { privateKey }), 'ERR_FILE');
    const unknown = { privateKey, backend: 'noble' } as { privateKey: string };
    await expect(encryptFile(at('plain'), at('out'), unknown)).rejects.toThrow(TypeError);
    const unsigned = { publicKey, ...only(sent), checksum: 'ab'.repeat(32) };
    const work = decryptFile(at('encrypted'), at('out'), unsigned);
    await rejection(work, 'ERR_VERSION_UNSUPPORTED');
  });
});

function only({ ivSessionKey, checksum }: typeof sent) {
  return { ivSessionKey, checksum };
}

function flip(bytes: Buffer, place: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[place] = (flipped[place] as number) ^ 1;
  return flipped;
}
