// The extra fields of a header: of use is Zip64 alone, and a second name is not believed.

import { equalBytes } from '../bytes.ts';
import { getUint64, IN_ZIP64, viewOf } from './layout.ts';
import { invalid } from './refuse.ts';

const ZIP64 = 0x0001;
// Info-ZIP's "Unicode path": a name that only some readers look at.
const UNICODE_PATH = 0x7075;

/**
 * The values of a header, those taken from its Zip64 field whose 32 bits say that they stand there.
 *
 * @param values - In the order that the Zip64 field has.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`: the fields are malformed, or say something else than
 * the header, so that readers would differ.
 * @see APPNOTE 4.5.3, 4.6.9
 */
export function readExtra(
  extra: Uint8Array,
  name: Uint8Array,
  offset: number,
  values: readonly number[],
): number[] {
  let zip64: DataView | undefined;
  for (const { id, data } of fieldsOf(extra, offset)) {
    if (id === ZIP64) {
      if (zip64 !== undefined) throw malformed('has two Zip64 fields in one header', offset);
      zip64 = viewOf(data);
    }
    if (id === UNICODE_PATH && !equalBytes(data.subarray(5), name)) {
      throw malformed('has a file under two names (a Unicode path field)', offset);
    }
  }
  const wanted = values.filter((value) => value === IN_ZIP64).length;
  if ((zip64?.byteLength ?? 0) !== 8 * wanted) {
    throw malformed('has a Zip64 field that does not hold what its header leaves to it', offset);
  }
  let at = 0;
  return values.map((value) => {
    if (value !== IN_ZIP64 || zip64 === undefined) return value;
    at += 8;
    return getUint64(zip64, at - 8);
  });
}

function* fieldsOf(
  extra: Uint8Array,
  offset: number,
): Generator<{ readonly id: number; readonly data: Uint8Array }> {
  const view = viewOf(extra);
  let at = 0;
  while (at + 4 <= extra.length) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (end > extra.length) throw malformed('has an extra field that is cut short', offset);
    yield { id: view.getUint16(at, true), data: extra.subarray(at + 4, end) };
    at = end;
  }
  // Some writers align data with up to three zero bytes.
  if (extra.subarray(at).some((byte) => byte !== 0)) {
    throw malformed('has an extra field that is cut short', offset);
  }
}

function malformed(what: string, offset: number): Error {
  return invalid(`${what}: make it again with a common zip tool`, undefined, { offset });
}
