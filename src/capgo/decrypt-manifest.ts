// Opens the files of a delta update.

import { printable } from '../archive/format/printable.ts';
import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { brandOf, equalBytes, fromHex, isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkOptions, describe, isRecord, shown, type WorkOptions } from '../options.ts';
import { type BrotliCoder, defaultDecompress } from './brotli.ts';
import { BLOCK_LENGTH } from './cbc.ts';
import { mismatch, recoverChecksum } from './checksum.ts';
import { readCapgoPublicKey } from './keys.ts';
import { loadCbc } from './load-cbc.ts';
import {
  BROTLI_ENDING,
  createNameCheck,
  followFiles,
  invalidFile,
  type ManifestEntry,
} from './manifest.ts';
import { recoverSession } from './session.ts';

/** Options of {@link decryptManifest}. */
export interface DecryptManifestOptions extends WorkOptions {
  /** RSA-2048 in PKCS#1 PEM: the content of `.capgo_key_v2.pub`. */
  readonly publicKey: string;
  /** The session key of the update, which all its files share. */
  readonly ivSessionKey: string;
  /**
   * SHA-256 of every raw file by its path, 64 hex characters: the `hashes` of `encryptManifest`, from a place that
   * only the publisher can write to. The update must contain exactly these files.
   *
   * `'unchecked'`: the call compares nothing, and the caller must compare paths and contents with such a list before it
   * uses them. The signatures prove only that each content belongs to some path of some update.
   */
  readonly trusted: Readonly<Record<string, string>> | 'unchecked';
  /** Decompresses Brotli. It must limit its output itself. Default: Node's decoder. */
  readonly brotli?: BrotliCoder;
  /** The most bytes of one decompressed file. Default 268,435,456. */
  readonly maxFileSize?: number;
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

const DEFAULT_MAX_FILE_SIZE = 2 ** 28;

/**
 * Opens the files of a delta update. Rejects unless every file is present and its raw bytes have the signed hash.
 *
 * **Capgo's format does not sign the list, and signs each hash without its path.** The server can therefore leave
 * out files and exchange the contents of two paths. An attacker with the public key, which is in every copy of the
 * app, can also replay a file of an older update, or of another app with the same key. Therefore `trusted` is
 * required: each path must have the hash that `trusted` lists for it, and no path may be missing. A caller that makes
 * this comparison itself passes `trusted: 'unchecked'`.
 *
 * @param manifest - The list from the server.
 * @param files - The encrypted bytes of each file by its `file_name`.
 * @returns The raw bytes of each file by its path.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if the list names a file twice, a file outside the folder or
 * a missing file (`path`); `ERR_EXPECTATION_FAILED` if the update differs from `trusted` (`path`), or if `trusted` is
 * missing; `ERR_LIMIT_EXCEEDED` if a file is larger than `maxFileSize`; and
 * the errors of `decryptBundle`.
 * @see docs/capgo.md#delta-updates
 * @example
 * ```ts
 * import { decryptManifest, encryptManifest, keygen } from 'bundleseal/capgo';
 *
 * const { privateKey, publicKey } = await keygen();
 * const raw = { 'app.js': new TextEncoder().encode('console.log("Hello")') };
 * const { manifest, files, ivSessionKey, hashes } = await encryptManifest(raw, { privateKey });
 * // In an app, `hashes` comes out of a sealed bundle.
 * const opened = await decryptManifest(manifest, files, { publicKey, ivSessionKey, trusted: hashes });
 * console.log(opened.get('app.js')?.length);
 * ```
 */
export async function decryptManifest(
  manifest: readonly ManifestEntry[],
  files: ReadonlyMap<string, Uint8Array>,
  options: DecryptManifestOptions,
): Promise<Map<string, Uint8Array>> {
  checkOptions('decryptManifest', options, {
    publicKey: 'any',
    ivSessionKey: 'any',
    trusted: 'any',
    brotli: 'function',
    maxFileSize: 'any',
    signal: 'signal',
    onProgress: 'function',
    backend: 'any',
  });
  const { signal, maxFileSize = DEFAULT_MAX_FILE_SIZE } = options;
  if (!Number.isSafeInteger(maxFileSize) || maxFileSize < 1) {
    throw new RangeError(
      `options.maxFileSize expected a positive integer, got ${shown(maxFileSize)}`,
    );
  }
  const { brotli = defaultDecompress(maxFileSize) } = options;
  if (!Array.isArray(manifest)) {
    throw new TypeError(`manifest expected an array of entries, got ${describe(manifest)}`);
  }
  if (brandOf(files) !== 'Map') throw new TypeError(`files expected a Map, got ${describe(files)}`);
  const trusted = readTrusted(options.trusted);
  const publicKey = readCapgoPublicKey(options.publicKey);
  signal?.throwIfAborted();
  const checkName = createNameCheck();
  // The list is untrusted input and may contain values of any type.
  const listed = manifest.map((entry: Partial<ManifestEntry> | null | undefined) => {
    const { file_name: name, file_hash: hash } = entry ?? {};
    const { path, isBrotli } = readName(name);
    checkName(path);
    const bytes = files.get(name as string);
    if (!isBytes(bytes))
      throw invalidFile(path, 'is in the manifest, but not in files: download it');
    if (typeof hash !== 'string')
      throw invalidFile(path, 'has no file_hash, so its content cannot be verified');
    return { path, isBrotli, bytes, hash };
  });
  const paths = new Set(listed.map(({ path }) => path));
  const missing = [...(trusted?.keys() ?? [])].find((wanted) => !paths.has(wanted));
  if (missing !== undefined)
    throw untrusted(missing, 'is in options.trusted, but not in the update');
  const backend = await selectBackend(options.backend);
  const cbc = await loadCbc(backend.name);
  const session = await recoverSession(backend, publicKey, options.ivSessionKey);
  const progress = followFiles(
    listed.reduce((sum, { bytes }) => sum + bytes.length, 0),
    options,
  );
  try {
    const opened = new Map<string, Uint8Array>();
    for (const { path, isBrotli, bytes, hash } of listed) {
      const signed = await recoverChecksum(backend, publicKey, hash);
      const wanted = trusted?.get(path);
      if (trusted !== undefined && (wanted === undefined || !equalBytes(signed, wanted))) {
        throw untrusted(path, 'does not have the hash that options.trusted has for this path');
      }
      if (bytes.length === 0 || bytes.length % BLOCK_LENGTH !== 0) {
        throw new BundleSealError(
          'ERR_LENGTH_INVALID',
          `an encrypted file has a multiple of ${BLOCK_LENGTH} bytes, got ${bytes.length}: the download was cut`,
          { path },
        );
      }
      if (bytes.length > maxFileSize + BLOCK_LENGTH) throw tooLarge(path, maxFileSize);
      const found = await cbc.decrypt(session, bytes, progress.step);
      if (found === undefined) throw mismatch();
      const raw = isBrotli ? await inflate(path, found.plain, brotli, maxFileSize) : found.plain;
      const digest = isBrotli ? await backend.sha256(raw) : found.digest;
      if (!equalBytes(digest, signed)) {
        found.plain.fill(0);
        raw.fill(0);
        throw mismatch();
      }
      // Checks the length after the hash, because the length of a forged file without its padding would reveal the
      // padding.
      if (raw.length > maxFileSize) throw tooLarge(path, maxFileSize);
      opened.set(path, raw);
      await progress.next(bytes.length);
    }
    progress.end();
    return opened;
  } finally {
    session.key.fill(0);
  }
}

/** Reads `options.trusted`. @throws `TypeError`; {@link BundleSealError} `ERR_EXPECTATION_FAILED` if it is missing. */
function readTrusted(trusted: unknown): ReadonlyMap<string, Uint8Array> | undefined {
  if (trusted === 'unchecked') return undefined;
  if (trusted === undefined) {
    throw new BundleSealError(
      'ERR_EXPECTATION_FAILED',
      "Capgo's format signs neither the paths of the files nor which update they belong to: pass the hashes that encryptManifest returned, delivered in a sealed bundle, as options.trusted (or 'unchecked' if you compare every path and content with such a list yourself)",
    );
  }
  if (!isRecord(trusted)) {
    throw new TypeError(
      `options.trusted expected an object of SHA-256 by path or 'unchecked', got ${describe(trusted)}`,
    );
  }
  return new Map(
    Object.entries(trusted as Record<string, unknown>).map(([path, hash]) => {
      if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/i.test(hash)) {
        throw new TypeError(
          'options.trusted expected a SHA-256 in 64 hex characters for each path',
        );
      }
      return [path, fromHex(hash)];
    }),
  );
}

function untrusted(path: string, what: string): BundleSealError {
  return new BundleSealError(
    'ERR_EXPECTATION_FAILED',
    `${printable(path)} ${what}: the update was changed or mixed with another; do not install it`,
    { path },
  );
}

function readName(name: unknown): { readonly path: string; readonly isBrotli: boolean } {
  if (typeof name !== 'string') throw invalidFile('a file', 'of the manifest has no file_name');
  const isBrotli = name.endsWith(BROTLI_ENDING);
  const encoded = isBrotli ? name.slice(0, -BROTLI_ENDING.length) : name;
  try {
    // `checkName` sees an encoded slash as a slash.
    return { path: decodeURIComponent(encoded), isBrotli };
  } catch {
    throw invalidFile(name, 'is not percent-encoded UTF-8');
  }
}

async function inflate(
  path: string,
  bytes: Uint8Array,
  brotli: BrotliCoder,
  maxFileSize: number,
): Promise<Uint8Array> {
  try {
    return new Uint8Array(await brotli(bytes));
  } catch (error) {
    if (error instanceof BundleSealError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(path, maxFileSize);
    }
    throw mismatch();
  }
}

function tooLarge(path: string, maxFileSize: number): BundleSealError {
  return new BundleSealError(
    'ERR_LIMIT_EXCEEDED',
    `${printable(path)} has more than ${maxFileSize} bytes: if the update is yours, raise maxFileSize`,
    { path, limit: 'maxFileSize' },
  );
}
