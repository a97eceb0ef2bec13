export type { ZipLimits } from './archive/format/limits.ts';
export type { ChecksumOptions } from './bundle/checksum.ts';
export { checksumFile } from './files/checksum-file.ts';
export { type DecryptFileOptions, decryptFile } from './files/decrypt-file.ts';
export { type EncryptedFile, type EncryptFileOptions, encryptFile } from './files/encrypt-file.ts';
export { type FileSource, fileSource } from './files/file-source.ts';
export type { Ignore } from './files/pattern.ts';
export { type UnzipFileOptions, type UnzippedFolder, unzipFile } from './files/unzip-file.ts';
export {
  type ZipDirectoryOptions,
  type ZippedDirectory,
  zipDirectory,
} from './files/zip-directory.ts';
export type { ByteStream, ByteStreamReader } from './sources/stream.ts';
export type { BuiltIn, ReleaseReader, ReleaseStore } from './update/release-store.ts';
export { folderBuiltIn } from './update-node/folder-built-in.ts';
export { folderStore } from './update-node/folder-store.ts';
