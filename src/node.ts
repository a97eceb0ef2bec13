export type { ZipLimits } from './archive/format/zip-limits.ts';
export type { BackendChoice } from './backend/backend.ts';
export type { ChecksumOptions } from './bundle/checksum.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export { checksumFile } from './files/checksum-file.ts';
export { type DecryptFileOptions, decryptFile } from './files/decrypt-file.ts';
export { type EncryptedFile, type EncryptFileOptions, encryptFile } from './files/encrypt-file.ts';
export { type FileSource, fileSource } from './files/file-source.ts';
export {
  type OpenedDirectory,
  type OpenToDirectoryOptions,
  openToDirectory,
} from './files/open-to-directory.ts';
export type { Ignore } from './files/pattern.ts';
export {
  type SealDirectoryOptions,
  type SealedDirectory,
  sealDirectory,
} from './files/seal-directory.ts';
export { type UnzipFileOptions, type UnzippedFolder, unzipFile } from './files/unzip-file.ts';
export {
  type ZipDirectoryOptions,
  type ZippedDirectory,
  zipDirectory,
} from './files/zip-directory.ts';
export { type DecryptPrivateKeyOptions, decryptPrivateKey } from './keys/passphrase.ts';
export type { ChangedIndex } from './publish/change-index.ts';
export type { ReleaseAttributes } from './publish/entry-attributes.ts';
export type { KeepOptions } from './publish/index-entries.ts';
export { type PublishedKeys, type PublishKeysOptions, publishKeys } from './publish/keys.ts';
export { type ListedReleases, type ListOptions, listReleases } from './publish/list.ts';
export type { PublishedRelease } from './publish/offer-release.ts';
export type { ChannelOptions } from './publish/options.ts';
export type { SkippedPatch } from './publish/patches.ts';
export { type PromoteOptions, promote } from './publish/promote.ts';
export { type Pruned, type PruneOptions, prune } from './publish/prune.ts';
export { type PublishOptions, publishRelease } from './publish/publish.ts';
export type { StoreOptions } from './publish/reading-options.ts';
export { type RefreshOptions, refresh } from './publish/refresh.ts';
export { type RolloutOptions, setRollout } from './publish/rollout.ts';
export { type StampOptions, stampRelease } from './publish/stamp.ts';
export {
  type StoreProblem,
  type VerifiedStore,
  type VerifyOptions,
  verifyStore,
} from './publish/verify.ts';
export { type WithdrawOptions, withdraw } from './publish/withdraw.ts';
export type { ByteStream, ByteStreamReader } from './sources/stream.ts';
export type { BuiltIn, ReleaseReader, ReleaseStore } from './update/release-store.ts';
export { folderBuiltIn, folderStore } from './update-node/folder-store.ts';
