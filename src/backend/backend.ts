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
 * One that is asked for by name and is not here is `ERR_BACKEND_UNAVAILABLE`; nothing falls back.
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
 * AES-256-GCM over the chunks of one bundle, each with its SHA-256. Chunks are independent: several may
 * be under way at once, and `out` is not to be looked at before the answer is there.
 */
export interface ChunkCipher {
  /** Chunks that may be under way at once; a cipher that bounds itself says `Infinity`. */
  readonly inFlight: number;
  /** Whether a second thread works along: chunks in memory of `allocateShared` are not copied to it. */
  readonly hasThread?: boolean;
  /** Writes the encrypted chunk and its tag to `out`; answers with the SHA-256 of both. */
  encrypt(nonce: Uint8Array, plain: Uint8Array, out: Uint8Array): Awaitable<Uint8Array>;
  /**
   * The plain chunk: in `out`, where that is given, else in memory of its own; nothing, where `encrypted` has
   * another digest or does not decrypt. The digest is compared over the very bytes that are decrypted, even
   * where another thread writes to `encrypted` meanwhile.
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
  /** Whether `sha256` is native and `createHash` is not: then bytes in one piece are hashed in one call. */
  readonly hashesWhole: boolean;
  /**
   * Memory for chunks that a cipher's threads see too, so that nothing is copied to them and back: all zero, and at
   * the start of a page where asked for. Absent, or nothing, where there is none to be had.
   */
  allocateShared?(length: number, atPage: boolean): SharedArrayBuffer | undefined;
  /** Memory that holds anything, for what will be written to its last byte. Absent where there is none but zeroed. */
  allocateUnset?(length: number): Uint8Array;
  /** @param size - Plain bytes in the whole bundle; `Infinity` where nobody knows yet. @param chunkSize - Plain bytes in a chunk. */
  createCipher(
    purpose: 'encrypt' | 'decrypt',
    sessionKey: Uint8Array,
    size: number,
    chunkSize: number,
  ): Awaitable<ChunkCipher>;
  /** Absent where the runtime has no recoverable RSA signature. */
  readonly rsa?: NativeRsa;
  /** Makes a key pair with public exponent 65537, as PKCS#8 DER; absent where the runtime has none. */
  generateKey?(modulusBits: number): Promise<Uint8Array>;
}
