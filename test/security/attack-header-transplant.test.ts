// Parts of two genuine bundles by one publisher, put together: each part alone is right.

import { describe, expect, it } from 'vitest';
import { encryptBundle, verifyChecksum } from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { type Parts, putTogether, takeApart } from '../support/forger.ts';
import { expectOpened, expectRefused } from '../support/openers.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const seal = (plain: Uint8Array, version: string) =>
  encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: CHUNK, metadata: { version } });

const plain = bytesOf(2 * CHUNK);
const otherPlain = plain.map((byte) => byte ^ 0xff);
const one = await seal(plain, '1.0.0');
const other = await seal(otherPlain, '2.0.0');
const twin = await seal(plain, '1.0.0');
const parts = takeApart(one.bytes);
const others = takeApart(other.bytes);
const twins = takeApart(twin.bytes);

describe.each(PREFERRED_BACKENDS)('a transplant, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };

  it('starts from two bundles that open', async () => {
    await expectOpened(putTogether(parts), options, plain);
    await expectOpened(putTogether(others), options, otherPlain);
  });

  it('of a header onto another body is refused, attached and detached', async () => {
    const sealed = putTogether(parts, { body: others.body });
    await expectRefused(sealed, options, 'ERR_CHUNK_INVALID');
    await expectRefused(other.ciphertext, { ...options, seal: one.seal }, 'ERR_CHUNK_INVALID');
  });

  it.each<keyof Parts>(['metadata', 'digests', 'signature'])(
    'of the %s alone is refused',
    async (name) => {
      const sealed = putTogether(parts, { [name]: others[name] });
      await expectRefused(sealed, options, 'ERR_SEAL_INVALID');
    },
  );

  it('of everything except the signature, or except the metadata, is refused', async () => {
    const { signature } = parts;
    await expectRefused(putTogether(others, { signature }), options, 'ERR_SEAL_INVALID');
    const { metadata } = parts;
    await expectRefused(putTogether(others, { metadata }), options, 'ERR_SEAL_INVALID');
  });

  it('of one chunk is refused', async () => {
    const body = parts.body.slice();
    body.set(others.body.subarray(CHUNK + 16), CHUNK + 16);
    await expectRefused(putTogether(parts, { body }), options, 'ERR_CHUNK_INVALID', plain);
  });

  it('between two seals of the same bundle is refused: their session keys differ', async () => {
    const { body, signature } = twins;
    await expectRefused(putTogether(parts, { body }), options, 'ERR_CHUNK_INVALID');
    await expectRefused(putTogether(parts, { signature }), options, 'ERR_SEAL_INVALID');
  });
});

it('a seal does not fit another bundle', async () => {
  const expected = { seal: one.seal, publicKey: keyB.spki };
  expect(await verifyChecksum(plain, expected)).toBe(true);
  expect(await verifyChecksum(otherPlain, expected)).toBe(false);
});
