// Compiled by `npm run types`; a line under @ts-expect-error that compiles is an error.

import {
  decryptBundle,
  type EncryptedBundle,
  encryptBundle,
  type KeyPair,
  keygen,
  keyId,
} from '../../src/capgo.ts';
import {
  type DecryptedFile,
  decryptFile,
  type EncryptedFile,
  encryptFile,
} from '../../src/capgo-node.ts';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_yes: Same<A, B>): void {}

export async function shapes(): Promise<void> {
  const pair = await keygen();
  same<typeof pair, KeyPair>(true);
  const id = keyId(pair.publicKey);
  same<typeof id, string>(true);
  const { privateKey, publicKey } = pair;
  const sealed = await encryptBundle(new Blob([]), { privateKey, checksumFormat: 'v2' });
  same<typeof sealed, EncryptedBundle>(true);
  const { bundle, ivSessionKey, checksum } = sealed;
  const opened = await decryptBundle(bundle, { publicKey, ivSessionKey, checksum });
  same<typeof opened, Uint8Array<ArrayBuffer>>(true);

  // @ts-expect-error: the signed checksum is required.
  await decryptBundle(bundle, { publicKey, ivSessionKey });
  // @ts-expect-error: V1 is not made.
  await encryptBundle(bundle, { privateKey, checksumFormat: 'v1' });
}

export async function files(pair: KeyPair): Promise<void> {
  const { privateKey, publicKey } = pair;
  const made = await encryptFile('in', 'out', { privateKey, checksumFormat: 'v2' });
  same<typeof made, EncryptedFile>(true);
  const { ivSessionKey, checksum } = made;
  const opened = await decryptFile('out', 'again', { publicKey, ivSessionKey, checksum });
  same<typeof opened, DecryptedFile>(true);

  // @ts-expect-error: the signed checksum is required.
  await decryptFile('out', 'again', { publicKey, ivSessionKey });
  // @ts-expect-error: files have the backend of Node.
  await encryptFile('in', 'out', { privateKey, backend: 'noble' });
}
