// The limits of format version 2: docs/format.md#limits. Every decoder checks them before it allocates memory.

/** RSA modulus, in bits. */
export const MODULUS_BITS = { min: 3072, max: 8192, default: 4096 } as const;

/** RSA public exponent; always odd. */
export const PUBLIC_EXPONENT = { min: 65_537n, max: 0xffff_ffffn } as const;

/** log2 of the plain bytes in a chunk. */
export const CHUNK_EXPONENT = { min: 12, max: 24 } as const;

/** Default of plain bytes in a chunk. */
export const DEFAULT_CHUNK_SIZE = 262_144;

/** The most plain bytes in a bundle. */
export const MAX_SIZE: number = Number.MAX_SAFE_INTEGER;

/** Default of the most chunks that a decoder accepts. Their digests take 33.5 MB. */
export const DEFAULT_MAX_CHUNKS = 1_048_576;

/** The most bytes of metadata with padding: a multiple of 8. */
export const MAX_METADATA_LENGTH = 65_528;

/**
 * The most levels of objects and arrays in metadata. The JSON parsers of all common languages accept this depth by
 * default.
 */
export const MAX_METADATA_DEPTH = 100;
