// Compiled by `npm run types`; a line under @ts-expect-error that compiles is an error.

import {
  type BundleInfo,
  BundleSealError,
  decryptBundle,
  type EncryptedBundle,
  type ErrorCode,
  encryptBundle,
  inspectBundle,
  type KeyPair,
  keygen,
  keyId,
  publicKeyOf,
  resealBundle,
  type Signer,
  verifyChecksum,
} from '../../src/index.ts';
import {
  type OpenedDirectory,
  openToDirectory,
  type SealedDirectory,
  sealDirectory,
} from '../../src/node.ts';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_yes: Same<A, B>): void {}

const bytes: Uint8Array = new Uint8Array(1);
const key = 'pem';
const signer: Signer = { publicKey: key, sign: async (payload) => payload };

export async function folders(): Promise<void> {
  const opened = await openToDirectory(new Blob([]), 'dir', { publicKey: key, overwrite: true });
  same<typeof opened, OpenedDirectory>(true);
  same<typeof opened.info, BundleInfo>(true);
  same<typeof opened.entries, number>(true);
  await openToDirectory('app.sealed', 'dir', { publicKey: [key], maxRatio: 10, expect: {} });
  // @ts-expect-error a bundle is opened with a public key
  await openToDirectory('app.sealed', 'dir', { overwrite: true });
  // @ts-expect-error this call has no use for a cache size
  await openToDirectory('app.sealed', 'dir', { publicKey: key, cacheSize: 0 });

  const sealed = await sealDirectory('dir', 'app.sealed', {
    privateKey: signer,
    ignore: (path) => path.endsWith('.map'),
    level: 9,
    metadata: { version: '1.2.3' },
  });
  same<typeof sealed, SealedDirectory>(true);
  same<typeof sealed.checksum, string>(true);
  same<typeof sealed.entries | typeof sealed.sealedSize, number>(true);
  // @ts-expect-error a folder is sealed with a private key
  await sealDirectory('dir', 'app.sealed', { level: 6 });
  // @ts-expect-error levels go up to 9
  await sealDirectory('dir', 'app.sealed', { privateKey: key, level: 10 });
}

export async function shapes(): Promise<void> {
  const pair = await keygen({ modulusBits: 4096, format: 'pkcs1' });
  same<typeof pair, KeyPair>(true);
  const sealed = await encryptBundle(new Blob([]), {
    privateKey: signer,
    metadata: { own: [1, null] },
  });
  same<typeof sealed, EncryptedBundle>(true);
  const opened = await decryptBundle(sealed.bytes, {
    publicKey: [key, { kty: 'RSA', n: 'x', e: 'AQAB' }],
  });
  same<typeof opened, Uint8Array<ArrayBuffer>>(true);
  const answer = await verifyChecksum(bytes, { seal: sealed.seal, publicKey: key });
  same<typeof answer, boolean>(true);
  const id = await keyId(key);
  const half = await publicKeyOf(new ArrayBuffer(1));
  same<typeof id | typeof half, string>(true);

  // Nothing that is inspected is proven, and the type says so.
  const info = inspectBundle(sealed.seal);
  same<typeof info.proven, false>(true);
  const wider: BundleInfo = info;
  same<typeof wider.proven, boolean>(true);

  // The same kind that came.
  const text = await resealBundle('seal', { publicKey: key, privateKey: key });
  same<typeof text, string>(true);
  const whole = await resealBundle(bytes, { publicKey: key, privateKey: key });
  same<typeof whole, Uint8Array>(true);

  const error = new BundleSealError('ERR_SEAL_INVALID', 'message');
  same<typeof error.code, ErrorCode>(true);
  const index: number | undefined = error.chunkIndex;

  // @ts-expect-error: a bundle is bytes
  await encryptBundle('bundle.zip', { privateKey: key });
  // @ts-expect-error: the private key is required
  await encryptBundle(bytes, {});
  // @ts-expect-error: an option that is not known
  await decryptBundle(bytes, { publicKey: key, expects: {} });
  // @ts-expect-error: a number is not a version
  await encryptBundle(bytes, { privateKey: key, metadata: { version: 1 } });
  // @ts-expect-error: results are read, not written
  sealed.seal = '';
  // @ts-expect-error: 2048 bits are too few
  await keygen({ modulusBits: 2048 });
  // @ts-expect-error: no such code
  new BundleSealError('ERR_OTHER', `${index}`);
}
