// What the playground uses of the library.

export {
  BundleSealError,
  decryptBundle,
  encryptBundle,
  inspectBundle,
  keygen,
} from '../../src/index.ts';
export { applyPatch, createPatch, releaseId } from '../../src/release.ts';
export { unzipBundle, zipBundle } from '../../src/zip.ts';
