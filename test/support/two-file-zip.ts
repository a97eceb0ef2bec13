// An archive of two short files, and the fields by which a test makes it wrong.

import { deflatedAsIs, join, type RawEnd, type RawEntry, rawZip, u, utf8 } from './zip.ts';

export const one: RawEntry = { name: 'a.txt', content: utf8('hello') };
export const two: RawEntry = { name: 'b.txt', content: utf8('world') };

/** The archive with other fields in its first file or its end record. */
export const entry = (more: Partial<RawEntry>, end?: RawEnd): Uint8Array<ArrayBuffer> =>
  rawZip([{ ...one, ...more }, two], end);

/** The data of the first file, deflated. */
export const deflated: { readonly data: Uint8Array } = { data: deflatedAsIs(utf8('hello')) };

/** The same, for an entry whose CRC-32 and sizes follow its data. */
export const described: Partial<RawEntry> & { readonly data: Uint8Array } = {
  ...deflated,
  flags: 0x808,
};

/** The CRC-32 of the first file. */
export const CRC = 0x3610a686;

/** A data descriptor, whose fields have 32 bits. */
export const descriptor = (crc: number, compressed: number, size: number): Uint8Array =>
  u(4, 0x08074b50, crc, compressed, size);

/** The extra field of Zip64 with these values. */
export const zip64Field = (...values: readonly number[]): Uint8Array =>
  join(u(2, 1, 8 * values.length), u(8, ...values));
