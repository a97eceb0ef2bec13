// All calls that open a bundle, for bundles that each of them must refuse.

import { expect } from 'vitest';
import {
  BundleSealError,
  type DecryptOptions,
  decryptBundle,
  decryptStream,
  type ErrorCode,
  openBundle,
} from '../../src/index.ts';
import { cut, drain, same, streamOf } from './streams.ts';

/** The released bytes, and the error at the end. */
interface Released {
  readonly bytes: Uint8Array;
  readonly error?: unknown;
}

type Way = (sealed: Uint8Array, options: DecryptOptions) => Promise<Released>;

const released = (work: Promise<Uint8Array>): Promise<Released> =>
  work.then(
    (bytes) => ({ bytes }),
    (error: unknown) => ({ bytes: new Uint8Array(0), error }),
  );

/** The calls by name. */
export const WAYS: readonly (readonly [string, Way])[] = [
  ['decryptBundle', (sealed, options) => released(decryptBundle(sealed, options))],
  [
    'decryptBundle of a Blob',
    (sealed, options) => released(decryptBundle(new Blob([sealed as BlobPart]), options)),
  ],
  [
    'decryptStream',
    async (sealed, options) => {
      const source = streamOf(cut(sealed, [1, 977, 4112])).stream;
      // Errors of options are thrown synchronously.
      try {
        return await drain(decryptStream(source, options));
      } catch (error) {
        return { bytes: new Uint8Array(0), error };
      }
    },
  ],
  [
    'openBundle and read',
    (sealed, options) =>
      released(
        openBundle(sealed, options).then((reader) =>
          reader.read(0, reader.info.size).finally(() => reader.close()),
        ),
      ),
  ],
  [
    'openBundle and stream',
    async (sealed, options) => {
      try {
        return await drain((await openBundle(sealed, options)).stream());
      } catch (error) {
        return { bytes: new Uint8Array(0), error };
      }
    },
  ],
];

/**
 * Fails unless each call refuses with this code, and releases only the first chunks of the genuine bundle before
 * that.
 */
export async function expectRefused(
  sealed: Uint8Array,
  options: DecryptOptions,
  code: ErrorCode | readonly ErrorCode[],
  genuine: Uint8Array = new Uint8Array(0),
): Promise<void> {
  for (const [name, open] of WAYS) {
    const { bytes, error } = await open(sealed, options);
    expect(error, name).toBeInstanceOf(BundleSealError);
    const { code: got, message } = error as BundleSealError;
    expect([code].flat(), `${name}: ${message}`).toContain(got);
    expect(same(bytes, genuine.subarray(0, bytes.length)), `${name} released other bytes`).toBe(
      true,
    );
  }
}

/**
 * Fails unless each call opens the bundle to these bytes. Without this check, a refusal could have another reason.
 */
export async function expectOpened(
  sealed: Uint8Array,
  options: DecryptOptions,
  plain: Uint8Array,
): Promise<void> {
  for (const [name, open] of WAYS) {
    const { bytes, error } = await open(sealed, options);
    expect(error, name).toBeUndefined();
    expect(same(bytes, plain), name).toBe(true);
  }
}
