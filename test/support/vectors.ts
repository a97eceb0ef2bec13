import { fromBase64, toBase64 } from '../../src/base64.ts';
import file from '../vectors/sealed-v2.json' with { type: 'json' };

export interface GoodVector {
  readonly description: string;
  readonly key: 'a' | 'b';
  readonly chunkSize: number;
  readonly metadata?: Record<string, string | number>;
  readonly metadataBytes: string;
  readonly sessionKey: string;
  readonly plain: string;
  readonly checksum: string;
  readonly headDigest: string;
  readonly sealed: string;
  readonly seal: string;
  readonly headerLength: number;
}

export interface BadVector {
  readonly description: string;
  readonly code: string;
  readonly key: 'a' | 'b';
  readonly sealed: string;
  readonly chunkIndex?: number;
}

export const vectors = file as unknown as {
  readonly keys: Readonly<Record<'a' | 'b', typeof file.keys.a>>;
  readonly good: readonly GoodVector[];
  readonly bad: readonly BadVector[];
};

/** RSA-4096. */
export const keyA: typeof file.keys.a = vectors.keys.a;
/** RSA-3072. Tests use it if the key does not matter, because it is the fastest allowed size. */
export const keyB: typeof file.keys.a = vectors.keys.b;

export function base64(text: string): Uint8Array {
  const bytes = fromBase64(text, 'base64');
  if (bytes === undefined) throw new Error('the vector is not base64');
  return bytes;
}

export function asBase64(bytes: Uint8Array): string {
  return toBase64(bytes, 'base64');
}
