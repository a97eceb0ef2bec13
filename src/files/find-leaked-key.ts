// Finds private keys in files that are about to be published, also in files that a build has compressed for a web server.

import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { findPrivateKey, MAX_LOOKED_INTO } from '../keys/find-private.ts';
import { createKeySearch, type KeySearch } from '../keys/key-search.ts';

const COMPRESSED = /\.(gz|br)$/i;

/**
 * Makes a function that gets the pieces of one file in order, and describes the private key that it finds as
 * {@link findPrivateKey} does. A file of up to 64 KiB has to come in one piece. In a larger file, the search finds keys in text.
 * Of a file that ends in `.gz` or `.br`, it also searches the decompressed content, if that has at most 64 KiB.
 *
 * @param path - The path of the file, with slashes.
 * @param size - The number of bytes of the file.
 */
export function createPublishedSearch(path: string, size: number): KeySearch {
  let search: KeySearch | undefined;
  return (piece) => {
    if (search !== undefined) return search(piece);
    const isWhole = Math.max(size, piece.length) <= MAX_LOOKED_INTO;
    if (isWhole) return findInWhole(path, piece);
    search = createKeySearch();
    // The name alone tells a key store.
    return findInWhole(path, new Uint8Array()) ?? search(piece);
  };
}

/** Describes the private key in a whole file. */
export function findPublishedKey(path: string, bytes: Uint8Array): string | undefined {
  return createPublishedSearch(path, bytes.length)(bytes);
}

function findInWhole(path: string, bytes: Uint8Array): string | undefined {
  const found = findPrivateKey(path, bytes);
  if (found !== undefined || !COMPRESSED.test(path)) return found;
  const inner = path.replace(COMPRESSED, '');
  const what = findPrivateKey(inner, decompressed(path, bytes) ?? new Uint8Array());
  return what && `${what} (compressed)`;
}

/** Returns nothing if the bytes are damaged, or if the content has more than 64 KiB. Decompression stops at that size. */
function decompressed(path: string, bytes: Uint8Array): Uint8Array | undefined {
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
