export type { BackendChoice } from './backend/backend.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export type { PublicKeyInput } from './keys/strict.ts';
export type { ReleaseEntry } from './release/index-format.ts';
export {
  type FetchBuiltInOptions,
  fetchBuiltIn,
  type MemoryBuiltInOptions,
  memoryBuiltIn,
} from './update/built-in.ts';
export type { CheckResult, UpdateEvent, Way } from './update/events.ts';
export { type FirstScreenOptions, waitForFirstScreen } from './update/first-screen.ts';
export {
  createReleaseHandler,
  type ReleaseHandler,
  type ReleaseHandlerOptions,
  type RequestingClient,
} from './update/handler.ts';
export type { UpdateLimits, UpdaterOptions } from './update/options.ts';
export type {
  BuiltIn,
  ReleaseFileInfo,
  ReleaseReader,
  ReleaseStore,
  StoredFile,
  StoreLock,
} from './update/release-store.ts';
export { type ServiceWorkerScope, serveReleases } from './update/service-worker.ts';
export type { ReleaseStatus, UpdaterStatus } from './update/status.ts';
export { cacheStore } from './update/stores/cache.ts';
export {
  type CapacitorFile,
  type CapacitorFilesystem,
  type CapacitorPlugins,
  type CapacitorStore,
  type CapacitorWebView,
  capacitorStore,
} from './update/stores/capacitor.ts';
export { memoryStore } from './update/stores/memory.ts';
export { opfsStore } from './update/stores/opfs.ts';
export { createUpdater } from './update/updater.ts';
export type {
  ActivateOptions,
  DownloadOptions,
  DownloadProgress,
  RunningRelease,
  StartOptions,
  UpdateOptions,
  UpdateResult,
  Updater,
  WaitOptions,
} from './update/updater-types.ts';
