import { describe, expect, it } from 'vitest';
import { chunkLayout } from '../../../src/format/chunks.ts';
import { explained } from '../../../src/format/explain.ts';
import {
  checkBodyLength,
  encodeHead,
  headerParts,
  parseHeader,
} from '../../../src/format/header.ts';
import { type ErrorCode, inspectBundle } from '../../../src/index.ts';
import { thrown } from '../../support/errors.ts';

const layout = chunkLayout(10_000, 4096);

function header(): Uint8Array {
  const head = encodeHead({
    kind: 'bundle',
    layout,
    keyId: new Uint8Array(32).fill(7),
    signatureLength: 512,
    metadata: new Uint8Array(0),
    digests: new Uint8Array(96).fill(9),
  });
  const whole = new Uint8Array(head.length + 512);
  whole.set(head);
  return whole;
}

function altered(offset: number, ...bytes: number[]): Uint8Array {
  const copy = header();
  copy.set(bytes, offset);
  return copy;
}

describe('the header', () => {
  it('round-trips', () => {
    const parsed = parseHeader(header(), 3);
    expect(parsed).toMatchObject({
      layout,
      signatureLength: 512,
      metadataLength: 0,
      headLength: 152,
      headerLength: 664,
    });
    const parts = headerParts(header(), parsed);
    expect(
      [parts.head, parts.metadata, parts.digests, parts.signature].map((p) => p.length),
    ).toEqual([152, 0, 96, 512]);
    expect(parts.digests[0]).toBe(9);
  });

  it.each<[string, Uint8Array, ErrorCode, number, RegExp]>([
    ['55 bytes', header().subarray(0, 55), 'ERR_LENGTH_INVALID', 55, /at least 56 .*got 55: .*cut/],
    ['nothing', new Uint8Array(0), 'ERR_LENGTH_INVALID', 0, /at least 56 .*got 0: .*cut/],
    ['another first byte', altered(0, 0x50), 'ERR_HEADER_INVALID', 0, /begin with "BNDLSEAL"/],
    ['another last byte of the magic', altered(7, 0x6c), 'ERR_HEADER_INVALID', 0, /"BNDLSEAL"/],
    ['version 0', altered(8, 0), 'ERR_VERSION_UNSUPPORTED', 8, /version 0, suite 1 .*update/],
    ['version 1', altered(8, 1), 'ERR_VERSION_UNSUPPORTED', 8, /withdrawn V1/],
    ['version 3', altered(8, 3), 'ERR_VERSION_UNSUPPORTED', 8, /version 3, suite 1 .*update/],
    ['suite 0', altered(9, 0), 'ERR_VERSION_UNSUPPORTED', 9, /version 2, suite 0 .*update/],
    ['suite 2', altered(9, 2), 'ERR_VERSION_UNSUPPORTED', 9, /version 2, suite 2 .*update/],
    ['chunk exponent 11', altered(10, 11), 'ERR_HEADER_INVALID', 10, /is 11, outside 12 to 24/],
    ['chunk exponent 25', altered(10, 25), 'ERR_HEADER_INVALID', 10, /is 25, outside 12 to 24/],
    ['kind 4', altered(11, 4), 'ERR_HEADER_INVALID', 11, /object of the unknown kind 4/],
    ['signature length 383', altered(12, 1, 127), 'ERR_HEADER_INVALID', 12, /383 .*384 to 1024;/],
    ['signature length 1025', altered(12, 4, 1), 'ERR_HEADER_INVALID', 12, /1025 .*384 to 1024;/],
    [
      'metadata length 4',
      altered(14, 0, 4),
      'ERR_HEADER_INVALID',
      14,
      /4 bytes, not a multiple of 8/,
    ],
    [
      'size 2^53',
      altered(16, 0, 0x20, 0, 0, 0, 0, 0, 0),
      'ERR_HEADER_INVALID',
      16,
      /over 2\^53 - 1/,
    ],
    [
      'size 2^64 - 1',
      altered(16, ...Array(8).fill(255)),
      'ERR_HEADER_INVALID',
      16,
      /over 2\^53 - 1/,
    ],
    [
      'four chunks where three are the cap',
      altered(22, 0x40),
      'ERR_LIMIT_EXCEEDED',
      16,
      /has 5 chunks and the limit is 3: .*maxChunks/,
    ],
  ])('with %s is refused, and it is said why', (_, bytes, code, offset, message) => {
    const error = thrown(() => explained(() => parseHeader(bytes, 3)), code);
    expect(error.offset).toBe(offset);
    expect(error.message).toMatch(message);
    if (code === 'ERR_HEADER_INVALID') expect(error.message).toMatch(/; check that the file/);
  });

  it.each([
    ['the largest chunks', altered(10, 24)],
    ['the smallest signature', altered(12, 1, 128)],
    ['the largest signature', altered(12, 4, 0)],
    ['the longest metadata', altered(14, 0xff, 0xf8)],
  ])('with %s is read', (_, bytes) => {
    expect(parseHeader(bytes, 2 ** 20).headerLength).toBeGreaterThan(0);
  });

  it('of the largest bundle is read if the cap allows it', () => {
    const bytes = altered(16, 0, 0x1f, 255, 255, 255, 255, 255, 255);
    expect(parseHeader(bytes, Number.POSITIVE_INFINITY).layout.size).toBe(2 ** 53 - 1);
  });

  it('of a bundle over 4 GiB round-trips', () => {
    const large = chunkLayout(2 ** 32 * 3 + 5, 2 ** 24);
    const digests = new Uint8Array(32 * large.count);
    const head = encodeHead({
      kind: 'bundle',
      keyId: new Uint8Array(32),
      signatureLength: 384,
      metadata: new Uint8Array(0),
      layout: large,
      digests,
    });
    expect(parseHeader(head, large.count).layout).toEqual(large);
  });

  it('of V1 is refused by name with a remedy', () => {
    const error = thrown(
      () => explained(() => parseHeader(altered(8, 1), 3)),
      'ERR_VERSION_UNSUPPORTED',
    );
    expect(error.message).toMatch(/V1.*encrypt the bundle again/);
  });

  it('that is cut anywhere after its fixed part is refused', () => {
    const parsed = parseHeader(header(), 3);
    for (const length of [56, 57, 151, 152, 663]) {
      const error = thrown(
        () => explained(() => headerParts(header().subarray(0, length), parsed)),
        'ERR_LENGTH_INVALID',
      );
      expect(error.message).toMatch(/664 bytes, got \d+: the download was cut/);
      expect(error.offset).toBe(length);
    }
  });

  it('knows how long the body must be', () => {
    const parsed = parseHeader(header(), 3);
    expect(() => checkBodyLength(parsed, 10_048)).not.toThrow();
    const cut = thrown(
      () => explained(() => checkBodyLength(parsed, 10_047)),
      'ERR_LENGTH_INVALID',
    );
    expect(cut.message).toMatch(/10048 bytes, got 10047: .*cut/);
    expect(cut.offset).toBe(10_047);
    const long = thrown(
      () => explained(() => checkBodyLength(parsed, 10_049)),
      'ERR_LENGTH_INVALID',
    );
    expect(long.message).toMatch(/10048 bytes, got 10049: more bytes follow/);
    expect(long.offset).toBe(10_048);
  });

  it('that claims more bytes than exist causes no allocation', () => {
    // 2^53 - 1 bytes in chunks of 4 KiB would be 2^41 digests.
    const bytes = altered(16, 0, 0x1f, 255, 255, 255, 255, 255, 255);
    thrown(() => inspectBundle(bytes), 'ERR_LENGTH_INVALID');
  });
});
