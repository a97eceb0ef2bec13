// The bounds of format version 2: docs/format.md#limits. Every decoder checks them before it takes memory.

/** RSA modulus, in bits. */
export const MODULUS_BITS = { min: 3072, max: 8192, default: 4096 } as const;

/** RSA public exponent; always odd. */
export const PUBLIC_EXPONENT = { min: 65_537n, max: 0xffff_ffffn } as const;

/** log2 of the plain bytes in a chunk. */
export const CHUNK_EXPONENT = { min: 12, max: 24 } as const;

/** Plain bytes in a chunk unless the caller asks otherwise. */
export const DEFAULT_CHUNK_SIZE = 262_144;

/** Plain bytes in a bundle. */
export const MAX_SIZE: number = Number.MAX_SAFE_INTEGER;

/** Chunks that a decoder accepts unless the caller asks otherwise: 33.5 MB of digests at the most. */
export const DEFAULT_MAX_CHUNKS = 1_048_576;

/** Bytes of metadata, padding included; always a multiple of 8. */
export const MAX_METADATA_LENGTH = 65_528;

/** Objects and arrays of metadata within each other: what the JSON parsers of all languages take by default. */
export const MAX_METADATA_DEPTH = 100;
