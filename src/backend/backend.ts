// The interface of a backend. All backends produce the same bytes.

/** The name of a backend: see {@link BackendChoice}. */
export type BackendName = 'node' | 'webcrypto' | 'noble';

/**
 * Which backend an operation uses.
 *
 * - `'auto'` (the default): the fastest backend that the runtime has, chosen once per operation.
 * - `'node'`: `node:crypto`, on Node, Bun and Deno.
 * - `'webcrypto'`: `crypto.subtle`, in browsers, WebViews and workers, in a secure context.
 * - `'noble'`: pure JavaScript, in every runtime with ES2022.
 *
 * If the runtime lacks a backend that is requested by name, the call rejects with `ERR_BACKEND_UNAVAILABLE`. There is
 * no fallback.
 */
export type BackendChoice = 'auto' | BackendName;

/**
 * The result of a backend: a promise if the runtime's function is asynchronous, otherwise the value.
 */
export type Awaitable<T> = T | Promise<T>;

/** SHA-256 (FIPS 180-4) over bytes that arrive in pieces. */
interface Hash {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/**
 * AES-256-GCM (NIST SP 800-38D) and SHA-256 over the chunks of one bundle. Chunks are independent, so several may be in
 * progress at once. `out` is incomplete until the promise resolves.
 */
export interface ChunkCipher {
  /**
   * The most chunks that may be in progress at once. `Infinity` if the cipher itself limits them.
   */
  readonly inFlight: number;
  /**
   * Whether the cipher uses a second thread. Chunks in memory of `allocateShared` are not copied to that thread.
   */
  readonly hasThread?: boolean;
  /** Writes the encrypted chunk and its tag to `out`. Returns the SHA-256 of both. */
  encrypt(nonce: Uint8Array, plain: Uint8Array, out: Uint8Array): Awaitable<Uint8Array>;
  /**
   * Returns the plain chunk, in `out` if it is given, otherwise in new memory. Returns `undefined` if `encrypted` has
   * another digest or does not decrypt. The digest covers exactly the bytes that are decrypted, even if another
   * thread writes to `encrypted` meanwhile.
   */
  decrypt(
    nonce: Uint8Array,
    encrypted: Uint8Array,
    digest: Uint8Array,
    out: Uint8Array | undefined,
  ): Awaitable<Uint8Array | undefined>;
  /** Wipes the session key and releases memory and threads. The caller calls it exactly once, also after an error. */
  close(): void;
}

/** Native RSA on one PKCS#1 v1.5 block. Keys are PKCS#1 DER. */
export interface NativeRsa {
  /** Computes block^d mod n with blinding. */
  sign(privateKey: Uint8Array, block: Uint8Array): Uint8Array;
  /** Computes signature^e mod n. The caller has checked that the signature is below the modulus. */
  recover(publicKey: Uint8Array, signature: Uint8Array): Uint8Array;
}

/** The cryptographic operations of one runtime. */
export interface Backend {
  readonly name: BackendName;
  sha256(bytes: Uint8Array): Awaitable<Uint8Array>;
  createHash(): Awaitable<Hash>;
  /**
   * Whether `sha256` is native and `createHash` is not. Callers then hash bytes in one piece by one call.
   */
  readonly hashesWhole: boolean;
  /**
   * Allocates zeroed memory for chunks. Both threads of a cipher access it, so they copy no chunk. The memory begins at a
   * page if `atPage` is set. Absent, or returns `undefined`, if the runtime has no such memory.
   */
  allocateShared?(length: number, atPage: boolean): SharedArrayBuffer | undefined;
  /**
   * Allocates uninitialised memory, for output that fills it. Absent if the runtime only has zeroed memory.
   */
  allocateUnset?(length: number): Uint8Array;
  /**
   * Makes the cipher for the chunks of one bundle.
   *
   * @param size - Plain bytes in the whole bundle; `Infinity` if the caller does not know them yet.
   * @param chunkSize - Plain bytes in a chunk.
   */
  createCipher(
    purpose: 'encrypt' | 'decrypt',
    sessionKey: Uint8Array,
    size: number,
    chunkSize: number,
  ): Awaitable<ChunkCipher>;
  /** Absent if the runtime has no RSA signatures with message recovery. */
  readonly rsa?: NativeRsa;
  /** Makes a key pair with public exponent 65537, as PKCS#8 DER. Absent if the runtime has no generator. */
  generateKey?(modulusBits: number): Promise<Uint8Array>;
}
