// A bundle without what proves it: a lenient updater takes such a one for an unencrypted, unsigned bundle.

import { describe, expect, it } from 'vitest';
import { concat } from '../../src/bytes.ts';
import { decryptBundle, decryptStream, encryptBundle, openBundle } from '../../src/index.ts';
import { zipBundle } from '../../src/zip.ts';
import { BACKENDS } from '../support/backends.ts';
import { bytesOf } from '../support/bytes.ts';
import { putTogether, takeApart } from '../support/forger.ts';
import { expectRefused } from '../support/openers.ts';
import { streamOf } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const plain = bytesOf(5000);
const { bytes, ciphertext } = await encryptBundle(plain, {
  privateKey: keyB.pkcs8,
  chunkSize: 4096,
});
const parts = takeApart(bytes);
const zip = await zipBundle({ 'index.html': new TextEncoder().encode('<script>evil()</script>') });
const nothing = new Uint8Array(0);

describe.each(BACKENDS)('a bundle without its seal, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };

  it.each([
    ['the plain bundle', plain],
    ['a plain zip', zip],
    ['the body alone', ciphertext],
    ['the plain bundle after the magic and version', concat(bytes.subarray(0, 9), zip)],
  ])('is refused as %s', async (_, sealed) => {
    await expectRefused(sealed, options, ['ERR_HEADER_INVALID', 'ERR_VERSION_UNSUPPORTED']);
  });

  it('is refused with an empty seal', async () => {
    await expectRefused(nothing, options, 'ERR_LENGTH_INVALID');
  });

  it('is refused with a signature of zeros', async () => {
    const signature = new Uint8Array(384);
    await expectRefused(putTogether(parts, { signature }), options, 'ERR_SEAL_INVALID');
  });

  it('is refused without its signature, for any length in the header', async () => {
    const stripped = putTogether(parts, { signature: nothing });
    await expectRefused(stripped, options, ['ERR_LENGTH_INVALID', 'ERR_SEAL_INVALID']);
    const fixed = parts.fixed.slice();
    fixed.fill(0, 12, 14);
    const said = putTogether(parts, { fixed, signature: nothing });
    await expectRefused(said, options, 'ERR_HEADER_INVALID');
  });

  it.each([
    ['an empty seal', '', 'ERR_LENGTH_INVALID'],
    ['a seal of white space', ' \n', 'ERR_LENGTH_INVALID'],
    ['a seal of the fixed part', 'fixed', 'ERR_LENGTH_INVALID'],
    ['a seal that is hex', '00'.repeat(600), 'ERR_HEADER_INVALID'],
  ] as const)('is refused with %s, which does not count as no seal', async (_, text, code) => {
    const fixed = btoa(String.fromCharCode(...parts.fixed)).replace(/=+$/, '');
    const seal = text === 'fixed' ? fixed.replaceAll('+', '-').replaceAll('/', '_') : text;
    await expectRefused(ciphertext, { ...options, seal }, code);
    // Nor is a seal within the input of use then.
    await expectRefused(bytes, { ...options, seal }, code);
  });

  it.each([null, 5, {}])('is refused with the seal %o', async (wrong) => {
    const wrongOptions = { ...options, seal: wrong as never };
    await expect(decryptBundle(bytes, wrongOptions)).rejects.toThrow(/seal expected/);
    await expect(openBundle(bytes, wrongOptions)).rejects.toThrow(/seal expected/);
    const stream = () => decryptStream(streamOf([bytes]).stream, wrongOptions);
    await expect((async () => stream().getReader().read())()).rejects.toThrow(/seal expected/);
  });
});
