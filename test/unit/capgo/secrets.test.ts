// Capgo's format: secrets are wiped, and no signature that would reveal the key is released.

import { describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { selectBackend } from '../../../src/backend/select.ts';
import { bytesToInteger, integerToBytes, toHex } from '../../../src/bytes.ts';
import { readCapgoPrivateKey } from '../../../src/capgo/keys.ts';
import { recoverSigned } from '../../../src/capgo/session.ts';
import {
  decryptBundle,
  decryptManifest,
  encryptBundle,
  encryptManifest,
  keygen,
} from '../../../src/capgo.ts';
import { encodePkcs1Private } from '../../../src/keys/encode.ts';
import { publicOperation } from '../../../src/seal/arithmetic.ts';
import { signPayload } from '../../../src/seal/pkcs1.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { capgoPair } from '../../support/pairs.ts';
import { wipedBy } from '../../support/wiped.ts';

const { privateKey, publicKey } = capgoPair(0);
const key = readCapgoPrivateKey(privateKey);
const zip = bytesOf(100);

/** The session key that was drawn while the work was done: the first 16 bytes of all. */
async function drawnBy<T>(work: () => Promise<T>): Promise<[T, string]> {
  const { getRandomValues } = crypto;
  const drawn: string[] = [];
  const spy = vi.spyOn(crypto, 'getRandomValues').mockImplementation((room) => {
    const filled = getRandomValues.call(crypto, room);
    if (filled instanceof Uint8Array && filled.length === 16) drawn.push(toHex(filled));
    return filled as never;
  });
  try {
    const result = await work();
    expect(drawn).toHaveLength(2);
    return [result, drawn[0] as string];
  } finally {
    spy.mockRestore();
  }
}

describe.each(BACKENDS)('%s', (backend) => {
  const [bundleWork, updateWork] = [
    () => encryptBundle(zip, { privateKey, backend }),
    () => encryptManifest({ a: zip }, { privateKey, backend }),
  ];

  it('wipes the session key when a bundle is encrypted, and when it is opened or refused', async () => {
    let sessionKey = '';
    let made = {} as Awaited<ReturnType<typeof bundleWork>>;
    const encrypting = await wipedBy(async () => {
      [made, sessionKey] = await drawnBy(bundleWork);
    });
    expect(encrypting).toContain(sessionKey);
    const { bundle, ivSessionKey, checksum } = made;
    const open = (bytes: Uint8Array) =>
      decryptBundle(bytes, { publicKey, ivSessionKey, checksum, backend });
    expect(await wipedBy(() => open(bundle))).toContain(sessionKey);
    const refused = await wipedBy(() => rejection(open(zip.subarray(1)), 'ERR_LENGTH_INVALID'));
    expect(refused).toContain(sessionKey);
  });

  it('wipes the session key when an update is encrypted, and when it is opened or refused', async () => {
    let sessionKey = '';
    let made = {} as Awaited<ReturnType<typeof updateWork>>;
    const encrypting = await wipedBy(async () => {
      [made, sessionKey] = await drawnBy(updateWork);
    });
    expect(encrypting).toContain(sessionKey);
    const { manifest, files, ivSessionKey } = made;
    const open = (changed: ReadonlyMap<string, Uint8Array>) =>
      decryptManifest(manifest, changed, {
        publicKey,
        ivSessionKey,
        trusted: 'unchecked',
        backend,
      });
    expect(await wipedBy(() => open(files))).toContain(sessionKey);
    const cut = new Map([['a', zip]]);
    const refused = await wipedBy(() => rejection(open(cut), 'ERR_LENGTH_INVALID'));
    expect(refused).toContain(sessionKey);
  });

  it('wipes the opened bytes of a bundle that differs from the signed one', async () => {
    const { bundle, ivSessionKey, checksum } = await bundleWork();
    const altered = bundle.slice();
    altered[0] = (altered[0] as number) ^ 1;
    const wiped = await wipedBy(() =>
      rejection(
        decryptBundle(altered, { publicKey, ivSessionKey, checksum, backend }),
        'ERR_CHECKSUM_MISMATCH',
      ),
    );
    // The first two blocks are spoilt, and the others are as they were.
    expect(wiped.some((bytes) => bytes.endsWith(toHex(zip.subarray(32))))).toBe(true);
  });

  it('wipes the blocks of signatures', async () => {
    const chosen = await selectBackend(backend);
    const payload = bytesOf(16);
    const block = `0001${'ff'.repeat(237)}00${toHex(payload)}`;
    let signature = new Uint8Array();
    const signing = await wipedBy(async () => {
      signature = new Uint8Array(await signPayload(chosen, key, payload));
    });
    expect(signing).toContain(block);
    expect(await wipedBy(() => recoverSigned(chosen, key, signature, 16))).toContain(block);
  });

  // If RSA is native, a backend that does not fit is never loaded.
  if (backend !== 'node') {
    it.each([
      ['dp', { ...key, dp: key.dp + 2n }],
      ['dq', { ...key, dq: key.dq - 2n }],
      ['qi', { ...key, qi: key.qi + 1n }],
    ])('releases no signature that a fault in %s has spoilt', async (_, faulty) => {
      const work = signPayload(await selectBackend(backend), faulty, bytesOf(32));
      const { message } = await rejection(work, 'ERR_SIGNER_FAILED');
      expect(message).toMatch(/did not verify and was not released.+do not use it for signing$/);
    });
  }
});

it('signPayload releases no signature over the modulus, although it would recover to the payload', async () => {
  const noble = await selectBackend('noble');
  for (let length = 1; ; length++) {
    const payload = bytesOf(length);
    const signature = bytesToInteger(await signPayload(noble, key, payload));
    // Not for every one is there room for another modulus.
    if ((signature + key.n) >> 2048n !== 0n) continue;
    const over: Backend = {
      ...noble,
      rsa: {
        sign: () => integerToBytes(signature + key.n, 256),
        recover: (_, bytes) => integerToBytes(publicOperation(key, bytesToInteger(bytes)), 256),
      },
    };
    await rejection(signPayload(over, key, payload), 'ERR_SIGNER_FAILED');
    break;
  }
});

it('the WebCrypto backend imports the session key as a key that is not extractable', async () => {
  const imported = vi.spyOn(SubtleCrypto.prototype, 'importKey');
  try {
    const { bundle, ivSessionKey, checksum } = await encryptBundle(zip, {
      ...{ privateKey, backend: 'webcrypto' },
    });
    await decryptBundle(bundle, { publicKey, ivSessionKey, checksum, backend: 'webcrypto' });
    const kept = imported.mock.calls.map((args) => args.slice(2));
    expect(kept).toEqual([
      ['AES-CBC', false, ['encrypt']],
      ['AES-CBC', false, ['decrypt']],
    ]);
  } finally {
    imported.mockRestore();
  }
});

it('keygen wipes the generated private key after it was encoded as text', async () => {
  let made = '';
  const wiped = await wipedBy(async () => {
    ({ privateKey: made } = await keygen());
  });
  expect(wiped).toContain(toHex(encodePkcs1Private(readCapgoPrivateKey(made))));
});
