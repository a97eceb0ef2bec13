// Finds private keys in files that are about to be published, also in files that a build has compressed for a web server.

import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { findPrivateKey, MAX_LOOKED_INTO } from '../keys/find-private.ts';

const COMPRESSED = /\.(gz|br)$/i;

/**
 * Describes the private key that a file contains as {@link findPrivateKey} does. Of a file that ends in `.gz` or `.br`, it also
 * searches the decompressed content, if that has at most 64 KiB.
 *
 * @param path - The path of the file, with slashes.
 * @param bytes - The whole file. For a file of more than 64 KiB, only the name counts.
 */
export function findPublishedKey(path: string, bytes: Uint8Array): string | undefined {
  const found = findPrivateKey(path, bytes);
  if (found !== undefined || !COMPRESSED.test(path)) return found;
  const inner = path.replace(COMPRESSED, '');
  const what = findPrivateKey(inner, decompressed(path, bytes) ?? new Uint8Array());
  return what && `${what} (compressed)`;
}

/** Returns nothing if the bytes are damaged, or if the content has more than 64 KiB. Decompression stops at that size. */
function decompressed(path: string, bytes: Uint8Array): Uint8Array | undefined {
  // Content is larger than its compressed data, so this content is too large.
  if (bytes.length > MAX_LOOKED_INTO) return undefined;
  const maxOutputLength = MAX_LOOKED_INTO;
  // Flushing gives the content before the end of a file that is cut short.
  const { BROTLI_OPERATION_FLUSH, Z_SYNC_FLUSH } = constants;
  try {
    return /gz$/i.test(path)
      ? gunzipSync(bytes, { maxOutputLength, finishFlush: Z_SYNC_FLUSH })
      : brotliDecompressSync(bytes, { maxOutputLength, finishFlush: BROTLI_OPERATION_FLUSH });
  } catch {
    return undefined;
  }
}
