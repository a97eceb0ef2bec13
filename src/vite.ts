export type { ZipLimits } from './archive/format/zip-limits.ts';
export type { BackendChoice } from './backend/backend.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export type { SealedDirectory } from './files/seal-directory.ts';
export type { FolderRules } from './files/zip-directory.ts';
export type { Progress, WorkOptions } from './options.ts';
export type { StampFloor } from './release/stamp.ts';
export type { Signer } from './seal/signing-key.ts';
export {
  type BundlesealOptions,
  type BundlesealPlugin,
  bundleseal,
  type SealedBuild,
} from './vite/plugin.ts';
export type { BuildStamp } from './vite/stamp.ts';
