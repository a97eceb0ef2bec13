// CRC-32 as zip has it (ISO 3309, the polynomial of Ethernet).

// Eight tables, so that eight bytes go through in one step.
const TABLES = /* @__PURE__ */ makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = (value & 1 ? 0xedb88320 : 0) ^ (value >>> 1);
    tables[i] = value;
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256] as number;
    tables[i] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
}

/**
 * The CRC-32 of what has been read so far and these bytes.
 *
 * @param before - What this function answered for the bytes before; 0 at the beginning.
 * @see APPNOTE 4.4.7
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  const t = TABLES;
  const b = bytes;
  const { length } = b;
  let crc = ~before;
  let i = 0;
  for (; i + 8 <= length; i += 8) {
    const low =
      crc ^ (at(b, i) | (at(b, i + 1) << 8) | (at(b, i + 2) << 16) | (at(b, i + 3) << 24));
    crc =
      at(t, 1792 + (low & 0xff)) ^
      at(t, 1536 + ((low >>> 8) & 0xff)) ^
      at(t, 1280 + ((low >>> 16) & 0xff)) ^
      at(t, 1024 + (low >>> 24)) ^
      at(t, 768 + at(b, i + 4)) ^
      at(t, 512 + at(b, i + 5)) ^
      at(t, 256 + at(b, i + 6)) ^
      at(t, at(b, i + 7));
  }
  for (; i < length; i++) crc = (crc >>> 8) ^ at(t, (crc ^ at(b, i)) & 0xff);
  return ~crc >>> 0;
}

function at(of: Int32Array | Uint8Array, index: number): number {
  return of[index] as number;
}
