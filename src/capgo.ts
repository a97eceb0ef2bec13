export type { BackendChoice, BackendName } from './backend/backend.ts';
export type { BrotliCoder } from './capgo/brotli.ts';
export type { ChecksumFormat } from './capgo/checksum.ts';
export { type DecryptOptions, decryptBundle } from './capgo/decrypt.ts';
export { type DecryptManifestOptions, decryptManifest } from './capgo/decrypt-manifest.ts';
export { type EncryptedBundle, type EncryptOptions, encryptBundle } from './capgo/encrypt.ts';
export {
  type EncryptedManifest,
  type EncryptManifestOptions,
  encryptManifest,
} from './capgo/encrypt-manifest.ts';
export { type KeygenOptions, keygen, keyId } from './capgo/keys.ts';
export type { ManifestEntry } from './capgo/manifest.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export type { KeyPair } from './keys/keygen.ts';
export type { Progress, WorkOptions } from './options.ts';
export type { BundleInput } from './sources/input.ts';
