// Reads two of the extra fields of a header: Zip64, and the Unicode path of a name in an old encoding.

import { equalBytes } from '../../bytes.ts';
import { crc32 } from './crc32.ts';
import { getUint64, IN_ZIP64, viewOf } from './layout.ts';
import { nameForMessage } from './paths.ts';
import { invalid } from './refuse.ts';

const ZIP64 = 0x0001;
// Info-ZIP's "Unicode path", a name that only some readers use.
const UNICODE_PATH = 0x7075;
// The order of the values in a Zip64 field.
const SIZE = 0;
const OFFSET = 2;

/** The content of the extra fields. */
export interface Extra {
  /** The values of a header. A 32-bit field that refers to the Zip64 field is replaced by its value there. */
  readonly values: readonly number[];
  /** The name in UTF-8 from a Unicode path field, if it differs from the header's name. */
  readonly unicodeName: Uint8Array | undefined;
  /** Whether the Zip64 field contains the number of the disk. The number is 0 then. */
  readonly hasDisk: boolean;
}

/**
 * Reads the extra fields of a header.
 *
 * A Zip64 field may repeat values of the header; Gradle and commons-compress write such fields. A repeated size must
 * equal the size in the header. A repeated deflated size may differ, because no reader uses it.
 *
 * @param values - The 32-bit fields of the header, in the order of the Zip64 field.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if the fields are malformed or contradict the header, because
 * readers would then disagree.
 * @see APPNOTE 4.5.3, 4.6.9
 */
export function readExtra(
  extra: Uint8Array,
  name: Uint8Array,
  offset: number,
  values: readonly number[],
): Extra {
  const malformed = (what: string) =>
    invalid(`${what}: make the archive again with a common zip tool`, nameForMessage(name), {
      offset,
    });
  let zip64: DataView | undefined;
  let unicodeName: Uint8Array | undefined;
  for (const { id, data } of fieldsOf(extra, malformed)) {
    if (id === ZIP64) {
      if (zip64 !== undefined) throw malformed('has two Zip64 fields in one header');
      zip64 = viewOf(data);
    }
    if (id === UNICODE_PATH && !equalBytes(data.subarray(5), name)) {
      const isOfName =
        data.length > 5 && data[0] === 1 && viewOf(data).getUint32(1, true) === crc32(name);
      if (!isOfName) throw malformed('has a Unicode path field that was made for another name');
      if (unicodeName !== undefined) throw malformed('has two Unicode path fields in one header');
      unicodeName = data.slice(5);
    }
  }
  const length = zip64?.byteLength ?? 0;
  const given = Array.from({ length: length >> 3 }, (_, i) => getUint64(zip64 as DataView, 8 * i));
  // Only the number of the disk may follow the values.
  const disk = length % 8 === 4 ? zip64?.getUint32(length - 4, true) : length % 8;
  let next = 0;
  const all = values.map((value) => (value === IN_ZIP64 ? given[next++] : value));
  const isFull = given.length === next;
  const agrees = (field: number) => {
    const value = given[field];
    return value === undefined || field >= all.length || value === all[field];
  };
  if (disk !== 0 || all.includes(undefined) || !(isFull || (agrees(SIZE) && agrees(OFFSET)))) {
    throw malformed('has a Zip64 field that contradicts its header');
  }
  return { values: all as number[], unicodeName, hasDisk: length % 8 === 4 };
}

function* fieldsOf(
  extra: Uint8Array,
  malformed: (what: string) => Error,
): Generator<{ readonly id: number; readonly data: Uint8Array }> {
  const view = viewOf(extra);
  let at = 0;
  while (at + 4 <= extra.length) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (end > extra.length) throw malformed('has an extra field that is cut short');
    yield { id: view.getUint16(at, true), data: extra.subarray(at + 4, end) };
    at = end;
  }
  // Some writers align data with up to three zero bytes.
  if (extra.subarray(at).some((byte) => byte !== 0)) {
    throw malformed('has an extra field that is cut short');
  }
}
