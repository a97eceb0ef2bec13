import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../src/bytes.ts';
import { BundleSealError } from '../../src/index.ts';
import { element, encodeInteger, readElements, readInteger, TAG } from '../../src/keys/der.ts';
import {
  encodePkcs1Private,
  encodePkcs1Public,
  encodePkcs8,
  encodeSpki,
} from '../../src/keys/encode.ts';
import { parseEitherKey, parsePem, parsePrivateKey, parsePublicKey } from '../../src/keys/parse.ts';
import { decodePem, encodePem } from '../../src/keys/pem.ts';
import { derOf } from '../support/keys.ts';
import { runs } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';

const PEMS = [keyB.pkcs8, keyB.pkcs1, keyB.spki, keyB.pkcs1Public];
const DERS = PEMS.map(derOf);
const LABELS = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'PUBLIC KEY', 'RSA PUBLIC KEY'];

/** The result of each reader that accepts the input. Fails on any error other than the two expected ones. */
function read(input: unknown) {
  const take = <T>(parse: (key: never) => T): T | undefined => {
    try {
      return parse(input as never);
    } catch (error) {
      const allowed =
        error instanceof TypeError ||
        (error instanceof BundleSealError && error.code === 'ERR_KEY_INVALID');
      if (!allowed) throw new Error('an error of another kind came out', { cause: error });
      // A TypeError of the engine's own would be a slip in the reader and not the caller's mistake.
      if (error instanceof TypeError) expect(error.message).toMatch(/^(privateKey|publicKey|key) /);
      return undefined;
    }
  };
  const both = { private: take(parsePrivateKey), public: take(parsePublicKey) };
  const either = take(parseEitherKey);
  // No input is both halves, and the reader of either half accepts exactly the inputs of the other two.
  expect(both.private !== undefined && both.public !== undefined).toBe(false);
  const half = both.private ?? both.public;
  expect(either).toEqual(half === undefined ? undefined : { n: half.n, e: half.e });
  return both;
}

/** Every DER encoding that the library itself writes for a key that it has read. */
function canonical(input: unknown): string[] {
  const { private: privateKey, public: publicKey } = read(input);
  return [
    ...(privateKey ? [encodePkcs8(privateKey), encodePkcs1Private(privateKey)] : []),
    ...(publicKey ? [encodeSpki(publicKey), encodePkcs1Public(publicKey)] : []),
  ].map(toHex);
}

type Edit = readonly [kind: 'set' | 'insert' | 'delete' | 'cut', at: number, byte: number];

const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.tuple(
    fc.constantFrom('set', 'insert', 'delete', 'cut'),
    // Where structure is: mostly in the first bytes.
    fc.oneof(fc.integer({ min: 0, max: 60 }), fc.nat({ max: 2_000 })),
    fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 0x30, 0x7f, 0x80, 0x81, 0xff), fc.nat(255)),
  ) as fc.Arbitrary<Edit>,
  { minLength: 1, maxLength: 4 },
);

function edit(bytes: Uint8Array, all: readonly Edit[]): Uint8Array {
  const edited = Array.from(bytes);
  for (const [kind, at, byte] of all) {
    const place = at % (edited.length + 1);
    if (kind === 'set') edited[Math.min(place, edited.length - 1)] = byte;
    else if (kind === 'insert') edited.splice(place, 0, byte);
    else if (kind === 'delete') edited.splice(place, 1);
    else edited.length = place;
    if (edited.length === 0) break;
  }
  return Uint8Array.from(edited);
}

describe('the readers of keys', () => {
  it('return a key or an error of their own for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, framed) => {
        const input = framed ? element(TAG.sequence, bytes) : bytes;
        expect(canonical(input)).toEqual([]);
      }),
      { numRuns: runs(500) },
    );
  });

  it('return an error of their own for any text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .tuple(fc.constantFrom(...LABELS, 'CERTIFICATE', ''), fc.base64String({ maxLength: 200 }))
        .map(([label, body]) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`),
    );
    fc.assert(
      fc.property(text, (input) => {
        expect(canonical(input)).toEqual([]);
      }),
      { numRuns: runs(500) },
    );
  });

  it('accept altered DER only if it is the canonical encoding of a key', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...DERS), edits, (der, all) => {
        const altered = edit(der, all);
        const spellings = canonical(altered);
        if (spellings.length > 0) expect(spellings).toContain(toHex(altered));
        else refused += 1;
      }),
      { numRuns: runs(1_000) },
    );
    expect(refused).toBeGreaterThan(0.8 * runs(1_000));
  });

  it('accept altered PEM only if it contains the canonical encoding of a key', () => {
    const input = fc.tuple(
      fc.constantFrom(...PEMS),
      fc.array(
        fc.tuple(
          fc.constantFrom('set', 'insert', 'delete', 'cut'),
          fc.nat({ max: 2_600 }),
          fc.oneof(
            fc.constantFrom(...'AB+/=-\\n\r\n \t:'),
            fc.string({ minLength: 1, maxLength: 1 }),
          ),
        ),
        { minLength: 1, maxLength: 3 },
      ),
    );
    fc.assert(
      fc.property(input, ([pem, all]) => {
        const characters = [...pem];
        for (const [kind, at, character] of all) {
          const place = at % Math.max(characters.length, 1);
          if (kind === 'set') characters[place] = character;
          else if (kind === 'insert') characters.splice(place, 0, character);
          else if (kind === 'delete') characters.splice(place, 1);
          else characters.length = place;
        }
        const altered = characters.join('');
        const spellings = canonical(altered);
        if (spellings.length > 0) expect(spellings).toContain(toHex(parsePem(altered).der));
      }),
      { numRuns: runs(1_000) },
    );
  });

  it('return an error of their own for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonical(value)).toEqual([]);
      }),
      { numRuns: runs(500) },
    );
  });

  it('return an error of their own for a JWK with any members replaced', () => {
    const names = ['kty', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'oth'] as const;
    const changes = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(
        fc.constantFrom(...Object.values(keyB.jwk), undefined),
        fc.base64String({ maxLength: 20 }),
        fc.jsonValue({ maxDepth: 1 }),
      ),
      { minKeys: 1, maxKeys: 3 },
    );
    let refused = 0;
    fc.assert(
      fc.property(changes, (change) => {
        const { private: privateKey, public: publicKey } = read({ ...keyB.jwk, ...change });
        const half = privateKey ?? publicKey;
        if (half === undefined) refused += 1;
        // Left as it was, or without its private half: no other key can come of another's numbers.
        else expect(half.n).toBe(parsePublicKey(keyB.spki).n);
      }),
      { numRuns: runs(1_000) },
    );
    expect(refused).toBeGreaterThan(0.5 * runs(1_000));
  });

  it('read the same key through any white space', () => {
    const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r', '\\n'), maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...PEMS), fc.array(space, { minLength: 60 }), (pem, spaces) => {
        let at = 0;
        const spaced = pem.replaceAll('\n', () => spaces[at++ % spaces.length] ?? '');
        expect(parseEitherKey(`${spaces[0]}${spaced}`)).toEqual(parseEitherKey(keyB.spki));
      }),
      { numRuns: runs(100) },
    );
  });
});

describe('DER', () => {
  it('round-trips any INTEGER in the fewest bytes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 600n }), (value) => {
        const encoded = encodeInteger(value);
        const [read] = readElements(encoded);
        expect(readInteger(read as NonNullable<typeof read>)).toBe(value);
        expect(read?.content.length).toBe(Math.floor(value.toString(2).length / 8) + 1);
      }),
    );
  });

  it('reads an INTEGER only if it writes the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5 }), (content) => {
        let value: bigint | undefined;
        try {
          value = readInteger({ tag: TAG.integer, content });
        } catch {
          return;
        }
        expect(toHex(encodeInteger(value))).toBe(toHex(element(TAG.integer, content)));
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('round-trips any elements', () => {
    const one = fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 400 }));
    fc.assert(
      fc.property(fc.array(one, { maxLength: 6 }), (all) => {
        const encoded = concat(...all.map(([tag, content]) => element(tag, content)));
        const read = readElements(encoded);
        expect(read.map(({ tag, content }) => [tag, toHex(content)])).toEqual(
          all.map(([tag, content]) => [tag, toHex(content)]),
        );
      }),
    );
  });

  it('reads elements only if it writes the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let read: ReturnType<typeof readElements>;
        try {
          read = readElements(bytes);
        } catch {
          return;
        }
        const written = concat(...read.map(({ tag, content }) => element(tag, content)));
        expect(toHex(written)).toBe(toHex(bytes));
      }),
      { numRuns: runs(2_000) },
    );
  });
});

describe('PEM', () => {
  it('round-trips any bytes in lines of 64 characters', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...LABELS),
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        (label, der) => {
          const text = encodePem(label, der);
          expect(toHex(decodePem(text).der)).toBe(toHex(der));
          expect(decodePem(text).label).toBe(label);
          const body = text.split('\n').slice(1, -2);
          expect(body.slice(0, -1).every((line) => line.length === 64)).toBe(true);
          expect(body.at(-1)?.length).toBeLessThanOrEqual(64);
        },
      ),
    );
  });
});
