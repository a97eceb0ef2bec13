// The subset of the Distinguished Encoding Rules (ITU-T X.690 §10) that RSA keys use. The reader is strict: lengths
// are definite and minimal, integers are minimal, and no bytes follow the end.

import { bytesToInteger, concat, integerToBytes } from '../bytes.ts';
import { KeyFault } from './fault.ts';

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  /** [0], constructed: the attributes of a PKCS#8 key (RFC 5958 §2). */
  attributes: 0xa0,
} as const;

/** The reason why bytes are not the DER of a key. `explain.ts` has the message for each. */
export type DerFaultKind =
  | 'algorithm'
  | 'bits'
  | 'cut'
  | 'integer'
  | 'integer-minimal'
  | 'length'
  | 'length-minimal'
  | 'members'
  | 'more'
  | 'negative'
  | 'parameters'
  | 'pkcs8'
  | 'private'
  | 'public'
  | 'sequence';

export class DerError extends KeyFault {
  constructor(detail: DerFaultKind) {
    super('der', detail);
  }
}

/** One element of DER: its tag and its content. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The longest structure of a key has ten members. */
const MAX_MEMBERS = 16;

/** Reads the elements that fill `bytes`, one after the other. */
export function readElements(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    // Without this limit, two-byte elements would take a hundred times their size in memory.
    if (elements.length === MAX_MEMBERS) throw new DerError('members');
    const tag = bytes[at++] as number;
    let length = bytes[at++];
    if (length === undefined) throw new DerError('cut');
    if (length >= 0x80) {
      const octets = length & 0x7f;
      // No key is longer than 2^24 bytes. 0x80 alone is the indefinite form, which DER forbids.
      if (octets === 0 || octets > 3) throw new DerError('length');
      if (at + octets > bytes.length) throw new DerError('cut');
      length = Number(bytesToInteger(bytes.subarray(at, at + octets)));
      at += octets;
      if (length < 0x80 || length < 2 ** (8 * (octets - 1))) {
        throw new DerError('length-minimal');
      }
    }
    if (at + length > bytes.length) throw new DerError('cut');
    elements.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return elements;
}

/** Reads the members of a SEQUENCE that fills `bytes`. */
export function readSequence(bytes: Uint8Array): Element[] {
  const [sequence, ...more] = readElements(bytes);
  if (sequence?.tag !== TAG.sequence) throw new DerError('sequence');
  if (more.length > 0) throw new DerError('more');
  return readElements(sequence.content);
}

/** Reads a positive INTEGER. */
export function readInteger(element: Element): bigint {
  const [first, second] = element.content;
  if (element.tag !== TAG.integer || first === undefined) {
    throw new DerError('integer');
  }
  if (first >= 0x80) throw new DerError('negative');
  if (first === 0 && second !== undefined && second < 0x80) {
    throw new DerError('integer-minimal');
  }
  return bytesToInteger(element.content);
}

/** Encodes one element. */
export function element(tag: number, ...contents: Uint8Array[]): Uint8Array {
  const content = concat(...contents);
  if (content.length < 0x80) return concat(Uint8Array.of(tag, content.length), content);
  const octets = Math.ceil(content.length.toString(16).length / 2);
  const length = integerToBytes(BigInt(content.length), octets);
  return concat(Uint8Array.of(tag, 0x80 | octets), length, content);
}

/** Encodes a positive INTEGER. */
export function encodeInteger(value: bigint): Uint8Array {
  // An INTEGER is signed, so a positive value needs one more bit for the sign.
  const octets = Math.floor(value.toString(2).length / 8) + 1;
  return element(TAG.integer, integerToBytes(value, octets));
}
