import { describe, expect, it } from 'vitest';
import { chunkLayout } from '../../src/format/chunks.ts';
import { checkBodyLength, encodeHead, headerParts, parseHeader } from '../../src/format/header.ts';
import { type ErrorCode, inspectBundle } from '../../src/index.ts';
import { thrown } from '../support/errors.ts';

const layout = chunkLayout(10_000, 4096);

function header(): Uint8Array {
  const head = encodeHead({
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
  it('is read as it was written', () => {
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

  it.each<[string, Uint8Array, ErrorCode, number]>([
    ['55 bytes', header().subarray(0, 55), 'ERR_LENGTH_INVALID', 55],
    ['nothing', new Uint8Array(0), 'ERR_LENGTH_INVALID', 0],
    ['another first byte', altered(0, 0x50), 'ERR_HEADER_INVALID', 0],
    ['another last byte of the magic', altered(7, 0x6c), 'ERR_HEADER_INVALID', 0],
    ['version 0', altered(8, 0), 'ERR_VERSION_UNSUPPORTED', 8],
    ['version 1', altered(8, 1), 'ERR_VERSION_UNSUPPORTED', 8],
    ['version 3', altered(8, 3), 'ERR_VERSION_UNSUPPORTED', 8],
    ['suite 0', altered(9, 0), 'ERR_VERSION_UNSUPPORTED', 9],
    ['suite 2', altered(9, 2), 'ERR_VERSION_UNSUPPORTED', 9],
    ['chunk exponent 11', altered(10, 11), 'ERR_HEADER_INVALID', 10],
    ['chunk exponent 25', altered(10, 25), 'ERR_HEADER_INVALID', 10],
    ['kind 1', altered(11, 1), 'ERR_HEADER_INVALID', 11],
    ['signature length 383', altered(12, 1, 127), 'ERR_HEADER_INVALID', 12],
    ['signature length 1025', altered(12, 4, 1), 'ERR_HEADER_INVALID', 12],
    ['metadata length 4', altered(14, 0, 4), 'ERR_HEADER_INVALID', 14],
    ['size 2^53', altered(16, 0, 0x20, 0, 0, 0, 0, 0, 0), 'ERR_HEADER_INVALID', 16],
    ['size 2^64 - 1', altered(16, ...Array(8).fill(255)), 'ERR_HEADER_INVALID', 16],
    ['four chunks where three are the cap', altered(22, 0x40), 'ERR_LIMIT_EXCEEDED', 16],
  ])('with %s is refused', (_, bytes, code, offset) => {
    expect(thrown(() => parseHeader(bytes, 3), code).offset).toBe(offset);
  });

  it.each([
    ['the largest chunks', altered(10, 24)],
    ['the smallest signature', altered(12, 1, 128)],
    ['the largest signature', altered(12, 4, 0)],
    ['the longest metadata', altered(14, 0xff, 0xf8)],
  ])('with %s is read', (_, bytes) => {
    expect(parseHeader(bytes, 2 ** 20).headerLength).toBeGreaterThan(0);
  });

  it('of the largest bundle is read where the cap allows it', () => {
    const bytes = altered(16, 0, 0x1f, 255, 255, 255, 255, 255, 255);
    expect(parseHeader(bytes, Number.POSITIVE_INFINITY).layout.size).toBe(2 ** 53 - 1);
  });

  it('names V1 and says what to do', () => {
    const error = thrown(() => parseHeader(altered(8, 1), 3), 'ERR_VERSION_UNSUPPORTED');
    expect(error.message).toMatch(/V1.*encrypt the bundle again/);
  });

  it('that is cut anywhere after its fixed part is refused', () => {
    const parsed = parseHeader(header(), 3);
    for (const length of [56, 57, 151, 152, 663]) {
      const error = thrown(
        () => headerParts(header().subarray(0, length), parsed),
        'ERR_LENGTH_INVALID',
      );
      expect(error.message).toMatch(/664 bytes, got \d+: the download was cut/);
    }
  });

  it('knows how long the body must be', () => {
    const parsed = parseHeader(header(), 3);
    expect(() => checkBodyLength(parsed, 10_048)).not.toThrow();
    expect(thrown(() => checkBodyLength(parsed, 10_047), 'ERR_LENGTH_INVALID').message).toMatch(
      /cut/,
    );
    expect(thrown(() => checkBodyLength(parsed, 10_049), 'ERR_LENGTH_INVALID').message).toMatch(
      /follows/,
    );
  });

  it('claiming more than there is takes no memory on its word', () => {
    // 2^53 - 1 bytes in chunks of 4 KiB would be 2^41 digests.
    const bytes = altered(16, 0, 0x1f, 255, 255, 255, 255, 255, 255);
    thrown(() => inspectBundle(bytes), 'ERR_LENGTH_INVALID');
  });
});
