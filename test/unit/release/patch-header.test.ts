import { describe, expect, it } from 'vitest';
import {
  encodePatchHeader,
  PATCH_HEADER_LENGTH,
  parsePatchHeader,
} from '../../../src/release/patch-header.ts';
import { thrown } from '../../support/errors.ts';

const HEADER = {
  from: '11'.repeat(32),
  to: 'ab'.repeat(32),
  fromLength: 0x01_0203_04,
  toLength: 0x3f_ffff_ff,
};
const encoded = encodePatchHeader(HEADER);

describe('the header of a patch', () => {
  it('has 96 bytes with the fields of the format', () => {
    expect(encoded).toHaveLength(PATCH_HEADER_LENGTH);
    expect([...encoded.subarray(0, 16)]).toEqual([
      ...new TextEncoder().encode('BNDLDIFF'),
      1,
      ...new Array(7).fill(0),
    ]);
    expect([...encoded.subarray(16, 80)]).toEqual([
      ...new Array(32).fill(0x11),
      ...new Array(32).fill(0xab),
    ]);
    expect([...encoded.subarray(80)]).toEqual([
      0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0x3f, 0xff, 0xff, 0xff,
    ]);
  });

  it('round-trips, also if bytes follow it', () => {
    expect(parsePatchHeader(encoded)).toEqual(HEADER);
    expect(parsePatchHeader(Uint8Array.of(...encoded, 1, 2, 3))).toEqual(HEADER);
  });

  it('is read at any offset of its buffer', () => {
    const shifted = Uint8Array.of(9, ...encoded).subarray(1);
    expect(parsePatchHeader(shifted)).toEqual(HEADER);
  });

  it('has lengths of all eight bytes, so that none looks smaller', () => {
    const large = encoded.slice();
    large[83] = 1;
    large[88] = 0xff;
    expect(parsePatchHeader(large).fromLength).toBe(2 ** 32 + HEADER.fromLength);
    expect(parsePatchHeader(large).toLength).toBeGreaterThan(2 ** 63);
  });

  it('is refused if a byte of it is missing', () => {
    const error = thrown(() => parsePatchHeader(encoded.subarray(0, 95)), 'ERR_PATCH_INVALID');
    expect(error.message).toContain('shorter than its header');
  });

  it.each(Array.from({ length: 16 }, (_, at) => at))(
    'is refused if byte %i of its fixed part is another',
    (at) => {
      const altered = encoded.slice();
      altered[at] = (altered[at] as number) ^ 0x20;
      thrown(() => parsePatchHeader(altered), 'ERR_PATCH_INVALID');
    },
  );

  it('of another version is refused as such', () => {
    const altered = encoded.slice();
    altered[8] = 2;
    expect(thrown(() => parsePatchHeader(altered), 'ERR_PATCH_INVALID').message).toContain(
      'version',
    );
  });
});
