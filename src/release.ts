export type { BackendChoice } from './backend/backend.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export { type ApplyPatchOptions, applyPatch } from './release/apply-patch.ts';
export { type CreatePatchOptions, createPatch, type Patch } from './release/create-patch.ts';
export type { ReleaseFiles } from './release/files.ts';
export { type ReleaseIdOptions, releaseId } from './release/id.ts';
export type { PatchLimits } from './release/limits.ts';
