export type { ChecksumFormat } from './capgo/checksum.ts';
export { type DecryptedFile, type DecryptFileOptions, decryptFile } from './capgo/decrypt-file.ts';
export { type EncryptedFile, type EncryptFileOptions, encryptFile } from './capgo/encrypt-file.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export type { Progress, WorkOptions } from './options.ts';
