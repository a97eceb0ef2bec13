// An attacker with the app has its public key, recovers the session key from a genuine header, and makes bodies whose
// GCM tags are right. The signed digests are what stops them.

import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/bytes.ts';
import { encryptBundle } from '../../src/index.ts';
import { parsePublicKey } from '../../src/keys/parse.ts';
import { bytesOf } from '../support/bytes.ts';
import { forgeBody, putTogether, sessionKeyOf, takeApart } from '../support/forger.ts';
import { expectOpened, expectRefused } from '../support/openers.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const plain = bytesOf(2 * CHUNK + 100);
const evil = bytesOf(plain.length).map((byte) => byte ^ 0x55);
const { bytes, seal, ciphertext } = await encryptBundle(plain, {
  privateKey: keyB.pkcs8,
  chunkSize: CHUNK,
});
const parts = takeApart(bytes);
const sessionKey = sessionKeyOf(parts, parsePublicKey(keyB.spki));
const forged = forgeBody(sessionKey, evil, CHUNK);

it('a forger recovers the session key, and makes the genuine body with it', () => {
  const again = forgeBody(sessionKey, plain, CHUNK);
  expect(toHex(again.body)).toBe(toHex(ciphertext));
  expect(toHex(again.digests)).toBe(toHex(parts.digests));
});

describe.each(PREFERRED_BACKENDS)('a body under a genuine session key, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };

  it('opens if it is the publisher’s', async () => {
    await expectOpened(bytes, options, plain);
  });

  it('is refused under the genuine header, attached and detached', async () => {
    const sealed = putTogether(parts, { body: forged.body });
    await expectRefused(sealed, options, 'ERR_CHUNK_INVALID');
    await expectRefused(forged.body, { ...options, seal }, 'ERR_CHUNK_INVALID');
  });

  it('is refused with its own digests in the header', async () => {
    await expectRefused(putTogether(parts, forged), options, 'ERR_SEAL_INVALID');
  });

  it('is refused if one chunk after genuine ones is altered', async () => {
    const last = plain.slice();
    last.set(evil.subarray(2 * CHUNK), 2 * CHUNK);
    const { body } = forgeBody(sessionKey, last, CHUNK);
    await expectRefused(putTogether(parts, { body }), options, 'ERR_CHUNK_INVALID', plain);
  });

  it('is refused as another length, with a header that says so', async () => {
    for (const length of [0, 1, CHUNK, 4 * CHUNK]) {
      const fixed = parts.fixed.slice();
      new DataView(fixed.buffer).setUint32(20, length);
      const other = forgeBody(sessionKey, bytesOf(length), CHUNK);
      await expectRefused(putTogether(parts, { fixed, ...other }), options, 'ERR_SEAL_INVALID');
    }
  });

  it('is refused as an earlier chunk made the last one', async () => {
    const { body, digests } = forgeBody(sessionKey, plain.subarray(0, CHUNK), CHUNK);
    const fixed = parts.fixed.slice();
    new DataView(fixed.buffer).setUint32(20, CHUNK);
    await expectRefused(putTogether(parts, { fixed, body, digests }), options, 'ERR_SEAL_INVALID');
    expect(toHex(sha256(body))).toBe(toHex(digests));
  });
});
