import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonNode, MAX_JSON_DEPTH, readJson } from '../../../src/release/json.ts';
import { runs } from '../../support/scope.ts';

const refuse = (reason: string) => new RangeError(reason);
const read = (json: string | Uint8Array) =>
  readJson(typeof json === 'string' ? new TextEncoder().encode(json) : json, 'it', refuse);

/** As JSON.parse gives it. */
function plain(node: JsonNode): unknown {
  if (node instanceof Map) {
    return Object.fromEntries([...node].map(([name, value]) => [name, plain(value)]));
  }
  if (Array.isArray(node)) return node.map(plain);
  if (typeof node === 'object' && node !== null) return (node as { fraction: number }).fraction;
  return node;
}

describe('the strict reader of JSON', () => {
  it('reads texts of JSON.stringify like JSON.parse', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
        fc.nat(4),
        (value, indent) => {
          const json = JSON.stringify(value, undefined, indent);
          expect(plain(read(json))).toEqual(JSON.parse(json));
        },
      ),
    );
  });

  it('accepts no text that JSON.parse refuses', () => {
    const token = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"a"', '"', '1', '-', '0', '.5', 'e1', 'true', 'nul', ' '],
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const json = tokens.join('');
        let isTaken = true;
        try {
          read(json);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          isTaken = false;
        }
        if (isTaken) JSON.parse(json);
      }),
      { numRuns: runs(2000) },
    );
  });

  it.each([
    ['a byte order mark', '\ufeff{}', 'is not JSON at character 0'],
    ['nothing', '', 'is not JSON'],
    ['white space alone', ' \n', 'is not JSON'],
    ['white space of other kinds', '\u00a0{}', 'is not JSON'],
    ['two values', '{} {}', 'is not JSON at character 3'],
    ['an end in a string', '{"a', 'is not JSON at character 3'],
    ['an end after a backslash', '["a\\', 'is not JSON at character 5'],
    ['a comma at the end of an object', '{"a":1,}', 'is not JSON'],
    ['a comma at the end of an array', '[1,]', 'is not JSON'],
    ['a comment', '/**/{}', 'is not JSON'],
    ['a name without quotes', '{a:1}', 'is not JSON'],
    ['single quotes', "{'a':1}", 'is not JSON'],
    ['a number that begins with zero', '01', 'is not JSON'],
    ['a number with a plus', '+1', 'is not JSON'],
    ['a number that ends in a point', '1.', 'is not JSON'],
    ['NaN', 'NaN', 'is not JSON'],
    ['a word that goes on', 'trueish', 'is not JSON'],
    ['a string that does not end', '"a', 'is not JSON'],
    ['a string that ends in a backslash', '"a\\', 'is not JSON'],
    ['an escape that JSON does not have', '"\\x41"', 'is not JSON'],
    ['a control character in a string', '"\u0001"', 'is not JSON'],
    ['a line feed in a string', '"\n"', 'is not JSON'],
    ['a number that no double holds', '1e999', 'too large'],
    ['a high half of a pair', '"\\ud83d"', 'surrogate'],
    ['a low half of a pair', '"\\ude00a"', 'surrogate'],
    ['the halves of a pair in the wrong order', '"\\ude00\\ud83d"', 'surrogate'],
    ['half of a pair in a name', '{"\\ud83d":1}', 'surrogate'],
    ['two members of one name', '{"a":1,"b":2,"a":1}', 'has the member "a" twice'],
    ['two members of one name, one escaped', '{"a":1,"\\u0061":1}', 'has the member "a" twice'],
    ['two members of one name, deep', '[[{"a":[],"a":[]}]]', 'has the member "a" twice'],
    ['two members __proto__', '{"__proto__":1,"__proto__":2}', 'has the member "__proto__" twice'],
  ])('refuses %s', (_, json, reason) => {
    expect(() => read(json)).toThrow(reason);
  });

  it.each([
    ['cut off', [0x22, 0xe2, 0x82, 0x22]],
    ['longer than they need to be', [0x22, 0xc0, 0xaf, 0x22]],
    ['half of a surrogate pair', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0, 0x7d, 0]],
  ])('refuses bytes that are not UTF-8: %s', (_, bytes) => {
    expect(() => read(Uint8Array.from(bytes))).toThrow('is not UTF-8');
  });

  it('reads eight levels and refuses nine, of arrays and of objects', () => {
    const arrays = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    for (const nested of [arrays, objects]) {
      read(nested(MAX_JSON_DEPTH));
      expect(() => read(nested(MAX_JSON_DEPTH + 1))).toThrow('nested over 8 deep');
    }
    // Brackets in strings are no levels.
    expect(read(`"${'['.repeat(100)}"`)).toBe('['.repeat(100));
  });

  it('does not overflow the stack at any depth', () => {
    expect(() => read('['.repeat(1_000_000))).toThrow('nested over 8 deep');
  });

  it('distinguishes integers from numbers with a fraction or an exponent', () => {
    expect(read('[0,-0,12,9007199254740993]')).toEqual([0, -0, 12, 9007199254740992]);
    expect(read('[1.0,1e0,-2E+3,0.5]')).toEqual(
      [1, 1, -2000, 0.5].map((fraction) => ({ fraction })),
    );
  });

  it('returns __proto__ as an ordinary member, and changes no prototype', () => {
    const node = read('{"__proto__":{"polluted":true},"constructor":1}') as Map<string, JsonNode>;
    expect([...node.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('reads a mebibyte of escapes, of quotes that never close and of digits', () => {
    const MIB = 2 ** 20;
    expect((read(`"${'\\"'.repeat(MIB / 2)}"`) as string).length).toBe(MIB / 2);
    expect(() => read(`"${'\\"'.repeat(MIB / 2)}`)).toThrow('is not JSON');
    expect(() => read('9'.repeat(MIB))).toThrow('too large');
    expect(read(`${' '.repeat(MIB)}1`)).toBe(1);
  });
});
