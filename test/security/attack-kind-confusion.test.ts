import { describe, expect, it } from 'vitest';
import { decryptObject } from '../../src/bundle/decrypt.ts';
import { encryptObject } from '../../src/bundle/encrypt.ts';
import { KINDS } from '../../src/format/header.ts';
import {
  decryptBundle,
  decryptStream,
  inspectBundle,
  openBundle,
  resealBundle,
  verifyChecksum,
} from '../../src/index.ts';
import { rejection } from '../support/errors.ts';
import { keyA } from '../support/vectors.ts';

const { privateKey, publicKey } = { privateKey: keyA.pkcs8, publicKey: keyA.spki };
const plain = new Uint8Array(5000).fill(7);

/** Everything that opens a bundle, or vouches for one. */
const OPENERS: Readonly<Record<string, (sealed: Uint8Array, seal: string) => Promise<unknown>>> = {
  decryptBundle: (sealed) => decryptBundle(sealed, { publicKey }),
  'decryptBundle with a seal': (sealed, seal) =>
    decryptBundle(sealed.subarray(-5016), { publicKey, seal }),
  decryptStream: (sealed) =>
    decryptStream(new Blob([sealed as BlobPart]).stream(), { publicKey })
      .getReader()
      .read(),
  openBundle: (sealed) => openBundle(sealed, { publicKey }),
  resealBundle: (sealed) => resealBundle(sealed, { publicKey, privateKey }),
  'resealBundle of a seal': (_, seal) => resealBundle(seal, { publicKey, privateKey }),
  verifyChecksum: (_, seal) => verifyChecksum(plain, { seal, publicKey }),
};

describe('an object that is passed as an object of another kind', () => {
  for (const kind of KINDS.filter((name) => name !== 'bundle')) {
    for (const [name, open] of Object.entries(OPENERS)) {
      it(`${name} refuses a genuine ${kind}, and names the kind`, async () => {
        const { bytes, seal } = await encryptObject(plain, { privateKey }, kind);
        const error = await rejection(open(bytes, seal), 'ERR_HEADER_INVALID');
        expect(error.message).toContain(`sealed ${kind}`);
        expect(error.offset).toBe(11);
      });
    }
  }

  it.each(KINDS)('the function that opens a %s refuses every other kind', async (kind) => {
    for (const other of KINDS) {
      const { bytes } = await encryptObject(plain, { privateKey }, other);
      if (other === kind) {
        expect(await decryptObject(bytes, { publicKey }, kind)).toEqual(plain);
      } else {
        await rejection(decryptObject(bytes, { publicKey }, kind), 'ERR_HEADER_INVALID');
      }
    }
  });

  it('a patch whose kind was altered does not open as a bundle, because the kind is signed', async () => {
    const { bytes } = await encryptObject(plain, { privateKey }, 'patch');
    bytes[11] = 0;
    await rejection(decryptBundle(bytes, { publicKey }), 'ERR_SEAL_INVALID');
  });

  it.each(KINDS)('inspectBundle says that it is a %s', async (kind) => {
    const { bytes, seal } = await encryptObject(plain, { privateKey }, kind);
    expect(inspectBundle(bytes).kind).toBe(kind);
    expect(inspectBundle(seal).kind).toBe(kind);
  });
});
