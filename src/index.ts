export type { BackendChoice, BackendName } from './backend/backend.ts';
export { type ChecksumOptions, checksum, verifyChecksum } from './bundle/checksum.ts';
export { type DecryptOptions, decryptBundle } from './bundle/decrypt.ts';
export { type DecryptStreamOptions, decryptStream } from './bundle/decrypt-stream.ts';
export { type EncryptedBundle, type EncryptOptions, encryptBundle } from './bundle/encrypt.ts';
export {
  type EncryptedStream,
  type EncryptStreamOptions,
  encryptStream,
} from './bundle/encrypt-stream.ts';
export type { BundleInfo } from './bundle/info.ts';
export { type InspectOptions, inspectBundle, type UnprovenBundleInfo } from './bundle/inspect.ts';
export {
  type BundleReader,
  type OpenOptions,
  openBundle,
  type ReadOptions,
} from './bundle/open.ts';
export type { Expectations } from './bundle/open-header.ts';
export { type ResealOptions, resealBundle } from './bundle/reseal.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export type { JsonValue, Metadata } from './format/metadata.ts';
export { keyId, publicKeyOf } from './keys/identity.ts';
export type { RsaJwk } from './keys/jwk.ts';
export { type KeygenOptions, type KeyPair, keygen } from './keys/keygen.ts';
export type { PrivateKeyInput, PublicKeyInput } from './keys/strict.ts';
export type { Progress, WorkOptions } from './options.ts';
export type { Signer } from './seal/signing-key.ts';
export { httpSource } from './sources/http.ts';
export type { HttpSourceInit } from './sources/http-options.ts';
export type { BundleInput, RandomAccessSource } from './sources/input.ts';
export type { ByteStream, ByteStreamReader } from './sources/stream.ts';
