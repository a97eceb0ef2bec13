export type { BackendChoice } from './backend/backend.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export type { JsonValue } from './format/metadata.ts';
export type { PrivateKeyInput, PublicKeyInput } from './keys/strict.ts';
export { type ApplyPatchOptions, applyPatch } from './release/apply-patch.ts';
export { type ChooseOptions, chooseRelease, type KnownRelease } from './release/choose.ts';
export { type CreatePatchOptions, createPatch, type Patch } from './release/create-patch.ts';
export type { ReleaseFiles } from './release/files.ts';
export type {
  ReleaseEntry,
  ReleaseIndex,
  ReleaseObject,
  ReleasePatch,
  RetiredObject,
} from './release/index-format.ts';
export type { IndexMark } from './release/index-order.ts';
export type { ReleaseKeys } from './release/keys-format.ts';
export {
  type OpenedIndex,
  type OpenIndexOptions,
  openIndex,
  openIndexWithMark,
} from './release/open-index.ts';
export { type OpenKeysOptions, openKeys } from './release/open-keys.ts';
export type { PatchLimits } from './release/patch-limits.ts';
export { type ReleaseIdOptions, releaseId } from './release/release-id.ts';
export { type SealIndexOptions, sealIndex } from './release/seal-index.ts';
export { type SealKeysOptions, sealKeys } from './release/seal-keys.ts';
export {
  type ReleaseStamp,
  readStamp,
  type StampFile,
  type StampFloor,
  writeStamp,
} from './release/stamp.ts';
export type { Signer } from './seal/signing-key.ts';
export type { BundleInput } from './sources/input.ts';
