// Inflating as the bytes come, by fflate, and learning from it where the deflated data ends.

import { Inflate } from 'fflate';
import { invalid } from './refuse.ts';

/**
 * The state that fflate's `Inflate` keeps, in its own short names. Its public interface does not tell where
 * the deflated data ended, which whoever reads an archive forward has to know: of an entry with a data
 * descriptor, nothing else says it. The dependency is held at one version, and a test holds this.
 */
interface InflateState {
  readonly s: {
    /** Whether the block at hand is the last one. */
    readonly f?: number;
    /** The codes of the block at hand; nothing between blocks. */
    readonly l?: unknown;
    /** Bits of `p` that are used up: 0 to 7. */
    readonly p?: number;
  };
  /** Bytes that are not used up. */
  readonly p: Uint8Array;
}

export interface Inflated {
  /** Fresh memory. */
  readonly bytes: Uint8Array;
  /** Whether the deflated data has ended. */
  readonly isEnd: boolean;
  /** Bytes of this piece that come after its end. */
  readonly unused: number;
}

/**
 * Takes deflated data in pieces. A piece can inflate to 1032 times its length: its length is the caller's
 * bound on memory.
 *
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`: it is no deflated data.
 * @see RFC 1951
 */
export function createInflater(path: string): (piece: Uint8Array) => Inflated {
  let bytes: Uint8Array;
  const inflate = new Inflate((given) => {
    bytes = given;
  });
  const state = inflate as unknown as InflateState;
  return (piece) => {
    try {
      // Gives what came of it before it returns, once.
      inflate.push(piece);
    } catch (cause) {
      throw invalid('holds data that can not be inflated: fetch or make the archive again', path, {
        cause,
      });
    }
    const { s, p } = state;
    const isEnd = Boolean(s.f) && !s.l;
    return {
      bytes,
      isEnd,
      // Of a byte that the data ends in, the bits that are left mean nothing.
      unused: isEnd ? p.length - (s.p ? 1 : 0) : 0,
    };
  };
}
