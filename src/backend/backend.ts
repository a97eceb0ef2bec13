// What a backend does for the layers above. All of them make the same bytes.

/** Where the cryptography is done: see {@link BackendChoice}. */
export type BackendName = 'node' | 'webcrypto' | 'noble';

/**
 * Which backend an operation uses.
 *
 * - `'auto'` (the default): the fastest one that is here, chosen once per operation.
 * - `'node'`: `node:crypto`, on Node, Bun and Deno.
 * - `'webcrypto'`: `crypto.subtle`, in browsers, WebViews and workers, in a secure context.
 * - `'noble'`: pure JavaScript, wherever ES2022 runs.
 *
 * A backend that is requested by name and missing gives `ERR_BACKEND_UNAVAILABLE`; there is no fallback.
 */
export type BackendChoice = 'auto' | BackendName;

/** A native backend answers in a promise where the runtime does, and at once where it can. */
export type Awaitable<T> = T | Promise<T>;

/** SHA-256 over bytes that come one after the other. */
interface Hash {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/**
 * AES-256-GCM over the chunks of one bundle, each with its SHA-256. Chunks are independent: several may be in
 * progress at once. Do not read `out` before the promise has resolved.
 */
export interface ChunkCipher {
  /** Chunks that may be under way at once; a cipher that bounds itself says `Infinity`. */
  readonly inFlight: number;
  /** Whether a second thread is used. Chunks in memory of `allocateShared` are not copied to it. */
  readonly hasThread?: boolean;
  /** Writes the encrypted chunk and its tag to `out`; answers with the SHA-256 of both. */
  encrypt(nonce: Uint8Array, plain: Uint8Array, out: Uint8Array): Awaitable<Uint8Array>;
  /**
   * The plain chunk, in `out` if it is given, otherwise in memory of its own; `undefined` if `encrypted` has another
   * digest or does not decrypt. The digest is that of the bytes that are decrypted, even if another thread writes to
   * `encrypted`.
   */
  decrypt(
    nonce: Uint8Array,
    encrypted: Uint8Array,
    digest: Uint8Array,
    out: Uint8Array | undefined,
  ): Awaitable<Uint8Array | undefined>;
  /** Wipes the session key and lets go of what is held; called once, whatever happened. */
  close(): void;
}

/** Native RSA on one PKCS#1 v1.5 block. Keys are PKCS#1 DER. */
export interface NativeRsa {
  /** block^d mod n, blinded. */
  sign(privateKey: Uint8Array, block: Uint8Array): Uint8Array;
  /** signature^e mod n; the signature is below the modulus. */
  recover(publicKey: Uint8Array, signature: Uint8Array): Uint8Array;
}

export interface Backend {
  readonly name: BackendName;
  sha256(bytes: Uint8Array): Awaitable<Uint8Array>;
  createHash(): Awaitable<Hash>;
  /** Whether `sha256` is native and `createHash` is not. Bytes in one piece are then hashed in one call. */
  readonly hashesWhole: boolean;
  /**
   * Memory for chunks that a cipher's threads can access, so nothing is copied to them and back. It is all zero, and
   * begins at a page on request. Absent, or returns `undefined`, if there is none.
   */
  allocateShared?(length: number, atPage: boolean): SharedArrayBuffer | undefined;
  /** Uninitialised memory, for output that will fill it. Absent if the runtime only has zeroed memory. */
  allocateUnset?(length: number): Uint8Array;
  /**
   * @param size - Plain bytes in the whole bundle; `Infinity` if they are not known yet. @param chunkSize - Plain
   * bytes in a chunk.
   */
  createCipher(
    purpose: 'encrypt' | 'decrypt',
    sessionKey: Uint8Array,
    size: number,
    chunkSize: number,
  ): Awaitable<ChunkCipher>;
  /** Absent where the runtime has no recoverable RSA signature. */
  readonly rsa?: NativeRsa;
  /** Makes a key pair with public exponent 65537, as PKCS#8 DER. Absent if the runtime has no generator. */
  generateKey?(modulusBits: number): Promise<Uint8Array>;
}
