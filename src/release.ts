export type { BackendChoice } from './backend/backend.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export type { ReleaseFiles } from './release/files.ts';
export { type ReleaseIdOptions, releaseId } from './release/id.ts';
