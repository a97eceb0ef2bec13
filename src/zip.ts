export type { ZipLimits } from './archive/format/zip-limits.ts';
export {
  type OpenZipOptions,
  openZip,
  type ReadFileOptions,
  type ZipEntry,
  type ZipReader,
  type ZipSource,
} from './archive/read/open-zip.ts';
export { type UnzipOptions, unzipBundle } from './archive/read/unzip.ts';
export { type UnzipStreamOptions, unzipStream } from './archive/read/unzip-stream.ts';
export type { UnzippedEntry } from './archive/read/unzipped.ts';
export type { ZipContent, ZipData, ZipEntries, ZipInput } from './archive/write/content.ts';
export { type ZipOptions, zipBundle, zipStream } from './archive/write/zip.ts';
export { BundleSealError, type ErrorCode, type ErrorFields } from './errors.ts';
export type { Progress, WorkOptions } from './options.ts';
export type { BundleInput, RandomAccessSource } from './sources/input.ts';
export type { ByteStream, ByteStreamReader } from './sources/stream.ts';
