// Capgo's format by the Java ciphers that its plugin calls on Android.

import { createHash, createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decryptBundle, encryptBundle } from '../../src/capgo.ts';
import { compile, named, run, skipped } from '../support/java.ts';
import { capgoPair } from '../support/pairs.ts';

const PROGRAM = join(import.meta.dirname, 'capgo/CapgoFormat.java');

const { privateKey, publicKey } = capgoPair(0);
const key = {
  open: createPublicKey(publicKey).export({ type: 'spki', format: 'der' }),
  make: createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' }),
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-java-'));
  compile(PROGRAM, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function java(work: 'open' | 'make', values: readonly Uint8Array[], input: Uint8Array) {
  const path = (name: string) => join(folder, name);
  writeFileSync(path('key'), key[work], { mode: 0o600 });
  writeFileSync(path('in'), input);
  const hex = values.map((value) => Buffer.from(value).toString('hex'));
  const lines = run(folder, 'CapgoFormat', work, path('key'), ...hex, path('in'), path('out'));
  return { output: readFileSync(path('out')), lines };
}

describe.skipIf(skipped)(named('Java'), () => {
  it.each([0, 16, 100_001])('opens %i bytes that the library encrypted', async (length) => {
    const zip = randomBytes(length);
    const made = await encryptBundle(zip, { privateKey });
    const session = made.ivSessionKey.split(':').map((part) => Buffer.from(part, 'base64'));
    const { output, lines } = java(
      'open',
      [...session, Buffer.from(made.checksum, 'hex')],
      made.bundle,
    );
    expect(output).toEqual(zip);
    expect(lines).toEqual([createHash('sha256').update(zip).digest('hex')]);
  });

  it.each([0, 16, 100_001])('encrypts %i bytes that the library opens', async (length) => {
    const zip = randomBytes(length);
    const digest = createHash('sha256').update(zip).digest();
    const iv = randomBytes(16);
    const { output, lines } = java('make', [iv, randomBytes(16), digest], zip);
    const [sessionKey, checksum] = lines as [string, string];
    const ivSessionKey = [iv, Buffer.from(sessionKey, 'hex')]
      .map((part) => part.toString('base64'))
      .join(':');
    const opened = await decryptBundle(output, { publicKey, ivSessionKey, checksum });
    expect(Buffer.from(opened)).toEqual(zip);
  });
});
