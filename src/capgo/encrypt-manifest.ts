// Encrypting the files of a delta update for Capgo's plugin.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { isBytes, type OwnBytes, toHex } from '../bytes.ts';
import { checkOptions, describe, isRecord, type WorkOptions } from '../options.ts';
import { type BrotliCoder, defaultCompress } from './brotli.ts';
import { type ChecksumFormat, checkFormat, signChecksum } from './checksum.ts';
import { capgoKeyIdOf, readPrivateKey } from './keys.ts';
import { loadCbc } from './load-cbc.ts';
import {
  BROTLI_ENDING,
  createNameCheck,
  followFiles,
  invalid,
  type ManifestEntry,
} from './manifest.ts';
import { createSession, signSession } from './session.ts';

export interface EncryptManifestOptions extends WorkOptions {
  /** RSA-2048 in PKCS#1 PEM: the content of `.capgo_key_v2`. */
  readonly privateKey: string;
  /** The form of all hashes: `'v2'` for plugins before 5.30, 6.30 and 7.30. Default `'v3'`. */
  readonly checksumFormat?: ChecksumFormat;
  /** The zip of the same files. It is encrypted with the same session key, so one `ivSessionKey` serves both. */
  readonly zip?: Uint8Array;
  /** Compresses with Brotli; `false` compresses nothing. Default: Node's coder, and no compression elsewhere. */
  readonly brotli?: BrotliCoder | false;
  /** With `appId`: where Capgo stores the files, for `s3_path`. */
  readonly orgId?: string;
  readonly appId?: string;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** A delta update. */
export interface EncryptedManifest {
  /** What the server is told. */
  readonly manifest: readonly ManifestEntry[];
  /** What is uploaded, by `file_name`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The encrypted zip and its signed checksum, where a zip was given. */
  readonly bundle?: OwnBytes;
  readonly checksum?: string;
  readonly ivSessionKey: string;
  /**
   * SHA-256 of each raw file by its path, 64 hex characters. Deliver it sealed (`encryptBundle` of `bundleseal`), and pass
   * it as `trusted` to {@link decryptManifest}.
   */
  readonly hashes: Readonly<Record<string, string>>;
  readonly keyId: string;
}

// As Capgo's CLI does: smaller files, and files that Brotli hardly makes smaller, are not compressed.
const BROTLI_MIN_LENGTH = 8192;
const BROTLI_MIN_SAVING = 10;

/**
 * Encrypts files for a delta update, as Capgo's CLI does.
 *
 * Each file's hash is signed over its raw bytes; then Brotli, where the file has 8,192 bytes or more and it saves
 * more than 10; then AES-128-CBC. **One key and one IV are for all files**, which is what the plugin expects: files
 * that begin with the same 16-byte blocks have the same beginning encrypted, so whoever stores them sees which ones
 * do, from one file to the next. And **nobody signs the list, and no hash is bound to its path**: whoever serves it can
 * leave files out and exchange contents between paths, and whoever has the public key can put an old file into it.
 * `hashes` is the list to compare with.
 *
 * The plugin on Android takes an empty file for one that could not be decrypted, and gives the update up.
 *
 * @param files - Raw bytes by path, as seen from the folder.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`; `ERR_ARCHIVE_INVALID`: a path that no device may write, one
 * named twice, one with a space (the plugin's server refuses those) or with `.br` at its end.
 * @see docs/capgo.md
 * @example
 * ```ts
 * import { decryptManifest, encryptManifest, keygen } from 'bundleseal/capgo';
 *
 * const { privateKey, publicKey } = await keygen();
 * const raw = { 'index.html': new Uint8Array(10) };
 * const { manifest, files, ivSessionKey, hashes } = await encryptManifest(raw, { privateKey });
 * const trusted = hashes; // In an app: out of a sealed bundle.
 * const opened = await decryptManifest(manifest, files, { publicKey, ivSessionKey, trusted });
 * console.log([...opened.keys()]);
 * ```
 */
export async function encryptManifest(
  files: Readonly<Record<string, Uint8Array>>,
  options: EncryptManifestOptions,
): Promise<EncryptedManifest> {
  checkOptions('encryptManifest', options, {
    privateKey: 'any',
    checksumFormat: 'any',
    zip: 'any',
    brotli: 'any',
    orgId: 'any',
    appId: 'any',
    signal: 'signal',
    onProgress: 'function',
    backend: 'any',
  });
  const { checksumFormat = 'v3', zip, orgId, appId, signal } = options;
  const { brotli = defaultCompress() } = options;
  checkFormat(checksumFormat);
  if (brotli !== undefined && brotli !== false && typeof brotli !== 'function') {
    throw new TypeError(`options.brotli expected a function or false, got ${describe(brotli)}`);
  }
  // A Map or a promise would be taken for no files at all.
  if (!isRecord(files)) {
    throw new TypeError(`files expected an object of Uint8Arrays by path, got ${describe(files)}`);
  }
  if (zip !== undefined && !isBytes(zip)) {
    throw new TypeError(`options.zip expected a Uint8Array, got ${describe(zip)}`);
  }
  const privateKey = readPrivateKey(options.privateKey);
  const paths = Object.keys(files).sort();
  const checkName = createNameCheck();
  for (const path of paths) checkPath(path, files[path], checkName);
  signal?.throwIfAborted();
  const backend = await selectBackend(options.backend);
  const cbc = await loadCbc(backend.name);
  const session = createSession();
  const lengths = paths.map((path) => (files[path] as Uint8Array).length);
  const total = lengths.reduce((sum, length) => sum + length, zip?.length ?? 0);
  const progress = followFiles(total, options);
  try {
    const ivSessionKey = await signSession(backend, privateKey, session);
    const manifest: ManifestEntry[] = [];
    const encryptedFiles = new Map<string, Uint8Array>();
    const hashes: [path: string, hash: string][] = [];
    for (const path of paths) {
      // A copy: what is hashed is what is sent, whatever becomes of the caller's memory.
      const raw = new Uint8Array(files[path] as Uint8Array);
      const digest = await backend.sha256(raw);
      hashes.push([path, toHex(digest)]);
      const hash = await signChecksum(backend, privateKey, digest, checksumFormat);
      const small = brotli ? await compress(raw, brotli) : undefined;
      const { encrypted } = await cbc.encrypt(session, small ?? raw, progress.step);
      const name = `${encodePath(path)}${small === undefined ? '' : BROTLI_ENDING}`;
      encryptedFiles.set(name, encrypted);
      const hashName = toHex(await backend.sha256(new TextEncoder().encode(hash)));
      const folder = toHex(new TextEncoder().encode(ivSessionKey));
      manifest.push({
        file_name: name,
        file_hash: hash,
        ...(orgId !== undefined &&
          appId !== undefined && {
            s3_path: `orgs/${orgId}/apps/${appId}/delta/${folder}/${hashName}_${name}`,
          }),
      });
      await progress.next(raw.length);
    }
    const bundle = zip === undefined ? undefined : await cbc.encrypt(session, zip, progress.step);
    const result: EncryptedManifest = {
      manifest,
      files: encryptedFiles,
      ...(bundle && {
        bundle: bundle.encrypted,
        checksum: await signChecksum(backend, privateKey, bundle.digest, checksumFormat),
      }),
      ivSessionKey,
      hashes: Object.fromEntries(hashes),
      keyId: capgoKeyIdOf(privateKey),
    };
    progress.end();
    return result;
  } finally {
    session.key.fill(0);
  }
}

function checkPath(path: string, bytes: unknown, checkName: (path: string) => void): void {
  if (!isBytes(bytes)) {
    throw new TypeError(`files expected a Uint8Array for each path, got ${describe(bytes)}`);
  }
  checkName(path);
  if (path.includes(' '))
    throw invalid(path, "has a space, which Capgo's server refuses: rename it");
  if (path.endsWith(BROTLI_ENDING)) {
    throw invalid(path, 'ends in .br, which the plugin would take for Brotli: rename it');
  }
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

async function compress(raw: Uint8Array, brotli: BrotliCoder): Promise<Uint8Array | undefined> {
  if (raw.length < BROTLI_MIN_LENGTH) return undefined;
  // The caller's function may keep what it is given, write to it, or hand it to a worker.
  const small = new Uint8Array(await brotli(raw.slice()));
  return small.length < raw.length - BROTLI_MIN_SAVING ? small : undefined;
}
