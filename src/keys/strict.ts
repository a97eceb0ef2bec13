// Keys as the standards spell them, read into numbers and checked. An app that opens bundles carries this file, so
// what is wrong with a key is named here by a word, and explained elsewhere.

import { toHex } from '../bytes.ts';
import { describe } from '../options.ts';
import { DerError, type Element, readElements, readInteger, readSequence, TAG } from './der.ts';
import { KeyFault } from './fault.ts';
import { halfOfJwk, type RsaJwk, readPublicJwk } from './jwk.ts';
import { decodePem, MAX_KEY_LENGTH } from './pem.ts';
import { checkPublicKey, type RsaPublicKey } from './rsa.ts';

/** An RSA public key: PEM (SubjectPublicKeyInfo or PKCS#1), DER bytes of either, or a JWK object. */
export type PublicKeyInput = string | Uint8Array | ArrayBuffer | RsaJwk;

/** An RSA private key: PEM (PKCS#8 or PKCS#1), DER bytes of either, or a JWK object. */
export type PrivateKeyInput = string | Uint8Array | ArrayBuffer | RsaJwk;

/** A key told apart, with its numbers still to be read; so an app that only opens carries no reader of private ones. */
export type Found = FoundDer | { readonly half: 'public' | 'private'; readonly jwk: RsaJwk };

interface FoundDer {
  readonly half: 'public' | 'private';
  /** The label that belongs to it in PEM. */
  readonly label: string;
  readonly members: readonly Element[];
  /** Memory of ours that holds the key, and not the caller's. */
  readonly own?: Uint8Array;
}

/** Object identifiers in DER, which spells each in one way only. */
const RSA_ENCRYPTION = '2a864886f70d010101';

/** @throws {@link KeyFault}; `TypeError` for what can't be a key. */
export function strictPublicKey(
  input: PublicKeyInput,
  name: string,
  minBits?: number,
): RsaPublicKey {
  const found = findKey(input, name);
  if (found.half === 'public') return readPublic(found, minBits);
  forget(found);
  throw new KeyFault('half', found.half);
}

export function readPublic(found: Found, minBits?: number): RsaPublicKey {
  return checkPublicKey(
    'jwk' in found ? readPublicJwk(found.jwk) : readPkcs1Public(found.members),
    minBits,
  );
}

/** Wipes what is ours of a private key. */
export function forget(found: Found): void {
  if ('own' in found) found.own?.fill(0);
}

/** @throws {@link KeyFault}; `TypeError` for what can't be a key. */
export function findKey(input: unknown, name: string): Found {
  checkKeyInput(input, name);
  if (typeof input === 'string') return parsePem(input);
  if (input instanceof ArrayBuffer) return parseBytes(new Uint8Array(input));
  if (input instanceof Uint8Array) return parseBytes(input);
  return { half: halfOfJwk(input), jwk: input };
}

/** @throws `TypeError` for what is neither text, nor bytes, nor an object that may be a JWK. */
export function checkKeyInput(input: unknown, name: string): asserts input is PublicKeyInput {
  if (typeof input === 'string' || input instanceof ArrayBuffer || input instanceof Uint8Array)
    return;
  if (typeof input === 'object' && input !== null && !ArrayBuffer.isView(input)) {
    const kind = Object.prototype.toString.call(input).slice(8, -1);
    if (kind === 'CryptoKey' || kind.endsWith('KeyObject')) {
      throw new TypeError(
        `${name} is a ${kind}: export it first, as a JWK or as PKCS#8 or SPKI bytes`,
      );
    }
    if (kind === 'Object') return;
  }
  throw new TypeError(
    `${name} expected a PEM string, DER bytes or a JWK object, got ${describe(input)}`,
  );
}

function parseBytes(bytes: Uint8Array): Found {
  if (bytes.length > MAX_KEY_LENGTH) throw new KeyFault('large');
  // What readFile gives for a PEM file. A key's text is ASCII, and is read without a decoder, which Hermes has not.
  if (bytes[0] !== TAG.sequence) return parsePem(String.fromCharCode(...bytes));
  return parseStructure(readSequence(bytes));
}

function parsePem(text: string): Found {
  const { label, der } = decodePem(text);
  try {
    return { ...parseStructure(readSequence(der), label), own: der };
  } catch (error) {
    der.fill(0);
    throw error;
  }
}

/** The label that belongs to a key in PEM. @throws {@link KeyFault} */
export function labelOfDer(der: Uint8Array): string {
  return parseStructure(readSequence(der)).label;
}

/** Tells the four structures apart by their members, down to the numbers of the key. */
function parseStructure(members: readonly Element[], label?: string): FoundDer {
  const tags = members.map(({ tag }) => tag);
  const is = (...wanted: number[]) =>
    wanted.length === tags.length && wanted.every((tag, i) => tag === tags[i]);
  const found = (
    half: 'public' | 'private',
    wanted: string,
    numbers: readonly Element[],
  ): FoundDer => {
    if (label !== undefined && label !== wanted) throw new KeyFault('label-content', wanted);
    return { half, label: wanted, members: numbers };
  };

  // A tenth member is the further primes of a key that has more than two; the reader refuses it by name.
  if (tags.length > 2 && tags.slice(0, 9).every((tag) => tag === TAG.integer)) {
    return found('private', 'RSA PRIVATE KEY', members);
  }
  if (is(TAG.integer, TAG.integer)) return found('public', 'RSA PUBLIC KEY', members);
  const pkcs8 = [TAG.integer, TAG.sequence, TAG.octetString];
  if (is(...pkcs8) || is(...pkcs8, TAG.attributes)) {
    const [version, algorithm, key] = members as [Element, Element, Element];
    checkAlgorithm(algorithm);
    if (readInteger(version) !== 0n) throw new DerError('it is not a PKCS#8 key of version 0');
    return found('private', 'PRIVATE KEY', readSequence(key.content));
  }
  if (is(TAG.sequence, TAG.bitString)) {
    const [algorithm, key] = members as [Element, Element];
    checkAlgorithm(algorithm);
    if (key.content[0] !== 0) throw new DerError('its BIT STRING is not whole bytes');
    return found('public', 'PUBLIC KEY', readSequence(key.content.subarray(1)));
  }
  throw new KeyFault('structure', tags.join());
}

function checkAlgorithm({ content }: Element): void {
  const [identifier, ...parameters] = readElements(content);
  if (identifier?.tag !== TAG.objectIdentifier) throw new DerError('an algorithm was expected');
  // The parameters of other algorithms may be anything, so the identifier is looked at first.
  const algorithm = toHex(identifier.content);
  if (algorithm !== RSA_ENCRYPTION) throw new KeyFault('algorithm', algorithm);
  const [none] = parameters;
  if (parameters.length !== 1 || none?.tag !== TAG.null || none.content.length > 0) {
    throw new DerError('rsaEncryption must have NULL parameters');
  }
}

function readPkcs1Public(members: readonly Element[]): RsaPublicKey {
  if (members.length !== 2) throw new DerError('an RSA public key has two numbers');
  const [n, e] = members.map(readInteger) as [bigint, bigint];
  return { n, e };
}
