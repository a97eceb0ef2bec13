// A forger with a key pair of their own, who writes the publisher's key id into the header.

import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/bytes.ts';
import { encryptBundle, inspectBundle, resealBundle } from '../../src/index.ts';
import { parsePrivateKey } from '../../src/keys/parse.ts';
import { BACKENDS } from '../support/backends.ts';
import { bytesOf } from '../support/bytes.ts';
import { rejection } from '../support/errors.ts';
import { forgeBody, putTogether, signParts, takeApart } from '../support/forger.ts';
import { expectOpened, expectRefused } from '../support/openers.ts';
import { keyA, keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const plain = bytesOf(CHUNK + 1);
const made = await encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: CHUNK });
const mine = parsePrivateKey(keyB.pkcs8);

/** The forger's bundle, signed with the forger's key, under the key id of another. */
function under(keyId: string, signatureLength = 384): Uint8Array {
  const parts = takeApart(made.bytes);
  const sessionKey = new Uint8Array(32).fill(7);
  const fixed = parts.fixed.slice();
  new DataView(fixed.buffer).setUint16(12, signatureLength);
  fixed.set(fromHex(keyId), 24);
  const forged = { ...parts, fixed, ...forgeBody(sessionKey, plain, CHUNK) };
  const checksum = sha256(plain);
  const signature = new Uint8Array(signatureLength);
  signature.set(signParts(forged, { sessionKey, checksum }, mine), signatureLength - 384);
  return putTogether(forged, { signature });
}

describe.each(BACKENDS)('a forger’s key in place of the publisher’s, through %s', (backend) => {
  it('starts from a forger’s bundle that opens under its own id', async () => {
    await expectOpened(under(keyB.keyId), { publicKey: keyB.spki, backend }, plain);
  });

  it('is refused under the publisher’s id, by length', async () => {
    const options = { publicKey: keyA.spki, backend };
    await expectRefused(under(keyA.keyId), options, 'ERR_SEAL_INVALID');
  });

  it('is refused under the publisher’s id and length', async () => {
    const options = { publicKey: keyA.spki, backend };
    await expectRefused(under(keyA.keyId, 512), options, 'ERR_SEAL_INVALID');
  });

  it('is refused if the app trusts both keys, because the header’s id decides which one is used', async () => {
    const options = { publicKey: [keyA.spki, keyB.spki], backend };
    await expectRefused(under(keyA.keyId), options, 'ERR_SEAL_INVALID');
    await expectRefused(under(keyA.keyId, 512), options, 'ERR_SEAL_INVALID');
  });

  it('is refused under its own id where the app does not trust it', async () => {
    await expectRefused(made.bytes, { publicKey: keyA.spki, backend }, 'ERR_KEY_MISMATCH');
  });

  it('is refused under an id that differs in one bit', async () => {
    for (const at of [24, 55]) {
      const sealed = made.bytes.slice();
      sealed[at] = (sealed[at] as number) ^ 1;
      await expectRefused(sealed, { publicKey: keyB.spki, backend }, 'ERR_KEY_MISMATCH');
    }
  });
});

it('a forged bundle is not made genuine by resealing it', async () => {
  const forged = under(keyA.keyId);
  const keys = { publicKey: keyA.spki, privateKey: keyA.pkcs8 };
  await rejection(resealBundle(forged, keys), 'ERR_SEAL_INVALID');
  expect(inspectBundle(forged).proven).toBe(false);
});
