// Encrypts the files of a delta update for Capgo's plugin.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { isBytes, type OwnBytes, toHex } from '../bytes.ts';
import { checkOptions, describe, isRecord, type WorkOptions } from '../options.ts';
import { type BrotliCoder, defaultCompress } from './brotli.ts';
import { type ChecksumFormat, checkFormat, signChecksum } from './checksum.ts';
import { capgoKeyIdOf, readCapgoPrivateKey } from './keys.ts';
import { loadCbc } from './load-cbc.ts';
import {
  BROTLI_ENDING,
  createNameCheck,
  followFiles,
  invalidFile,
  type ManifestEntry,
} from './manifest.ts';
import { createSession, signSession } from './session.ts';

/** Options of {@link encryptManifest}. */
export interface EncryptManifestOptions extends WorkOptions {
  /** RSA-2048 in PKCS#1 PEM: the content of `.capgo_key_v2`. */
  readonly privateKey: string;
  /** The form of all hashes: `'v2'` for plugins before 5.30, 6.30 and 7.30. Default `'v3'`. */
  readonly checksumFormat?: ChecksumFormat;
  /** The zip of the same files. The call encrypts it with the same session key, so both have one `ivSessionKey`. */
  readonly zip?: Uint8Array;
  /**
   * Compresses with Brotli. `false` turns compression off. Default: Node's coder; without Node, no compression.
   */
  readonly brotli?: BrotliCoder | false;
  /** The organization in Capgo. With `appId`, the entries have an `s3_path`. */
  readonly orgId?: string;
  /** The app in Capgo. With `orgId`, the entries have an `s3_path`. */
  readonly appId?: string;
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** A delta update. */
export interface EncryptedManifest {
  /** The list for the server. */
  readonly manifest: readonly ManifestEntry[];
  /** The encrypted files to upload, by `file_name`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The encrypted zip, if `options.zip` was passed. */
  readonly bundle?: OwnBytes;
  /** The signed SHA-256 of the plain zip, if `options.zip` was passed. */
  readonly checksum?: string;
  /** base64 of the IV, a colon, base64 of the signed session key. */
  readonly ivSessionKey: string;
  /**
   * SHA-256 of each raw file by its path, 64 hex characters. Deliver it sealed (`encryptBundle` of `bundleseal`), and pass
   * it as `trusted` to {@link decryptManifest}.
   */
  readonly hashes: Readonly<Record<string, string>>;
  /** The 20 characters by which Capgo names the key. */
  readonly keyId: string;
}

// Like Capgo's CLI, the call does not compress smaller files, nor files that become hardly smaller. In bytes.
const BROTLI_MIN_LENGTH = 8192;
const BROTLI_MIN_SAVING = 10;

/**
 * Encrypts files for a delta update, as Capgo's CLI does.
 *
 * For each file, the call signs the hash of the raw bytes, compresses the file with Brotli if it has 8,192 bytes or more
 * and that saves more than 10 bytes, and encrypts it with AES-128-CBC. **All files share one key and one IV**, because
 * the plugin expects it. Two files that begin with the same 16-byte blocks therefore have the same encrypted
 * beginning, and everyone who stores them can see that. **Capgo's format does not sign the list, and binds no hash
 * to its path**: the server can leave out files and exchange contents between paths, and an attacker with the public
 * key can replay an old file. Compare the opened files with `hashes`.
 *
 * The plugin on Android treats an empty file as a failed decryption and abandons the update.
 *
 * @param files - Raw bytes by path, relative to the folder.
 * @returns The list, the encrypted files, the encrypted zip if one was passed, and the hashes of the raw files.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`; `ERR_ARCHIVE_INVALID` for an unsafe path, a path that occurs
 * twice, a path with a space (Capgo's server refuses it) and a path that ends in `.br`.
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
  // Without this check, a Map or a promise would count as an empty list of files.
  if (!isRecord(files)) {
    throw new TypeError(`files expected an object of Uint8Arrays by path, got ${describe(files)}`);
  }
  if (zip !== undefined && !isBytes(zip)) {
    throw new TypeError(`options.zip expected a Uint8Array, got ${describe(zip)}`);
  }
  const privateKey = readCapgoPrivateKey(options.privateKey);
  const paths = Object.keys(files).sort();
  const checkName = createNameCheck();
  for (const path of paths) checkManifestFile(path, files[path], checkName);
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
      // Copies the bytes, so that the hash and the cipher get the same bytes even if the caller's memory changes.
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

function checkManifestFile(path: string, bytes: unknown, checkName: (path: string) => void): void {
  if (!isBytes(bytes)) {
    throw new TypeError(`files expected a Uint8Array for each path, got ${describe(bytes)}`);
  }
  checkName(path);
  if (path.includes(' '))
    throw invalidFile(path, "has a space, which Capgo's server refuses: rename it");
  if (path.endsWith(BROTLI_ENDING)) {
    throw invalidFile(path, 'ends in .br, which the plugin would take for Brotli: rename it');
  }
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

async function compress(raw: Uint8Array, brotli: BrotliCoder): Promise<Uint8Array | undefined> {
  if (raw.length < BROTLI_MIN_LENGTH) return undefined;
  // The caller's function gets a copy, because it may keep its argument, write to it, or transfer it to a worker.
  const small = new Uint8Array(await brotli(raw.slice()));
  return small.length < raw.length - BROTLI_MIN_SAVING ? small : undefined;
}
