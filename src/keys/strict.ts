// Strict readers of keys in standard forms. An app that opens bundles contains this file, so it names a fault by a
// word only, and another module explains it.

import { bytesIn, toHex } from '../bytes.ts';
import { describe } from '../options.ts';
import { DerError, type Element, readElements, readInteger, readSequence, TAG } from './der.ts';
import { KeyFault } from './fault.ts';
import { isPrivateJwk, type RsaJwk, readPublicJwk } from './jwk.ts';
import { decodePem, MAX_KEY_LENGTH } from './pem.ts';
import { checkPublicKey, type RsaPublicKey } from './rsa.ts';

/** An RSA public key: PEM (SubjectPublicKeyInfo or PKCS#1), DER bytes of either, or a JWK object. */
export type PublicKeyInput = string | Uint8Array | ArrayBuffer | RsaJwk;

/** An RSA private key: PEM (PKCS#8 or PKCS#1), DER bytes of either, or a JWK object. */
export type PrivateKeyInput = string | Uint8Array | ArrayBuffer | RsaJwk;

/** What a key is spelt as, opened: its outermost members, or the JWK. */
export type OpenedKey = OpenedDer | { readonly jwk: RsaJwk };

export interface OpenedDer {
  readonly members: readonly Element[];
  /** Of PEM: what stands between BEGIN and the dashes. */
  readonly label?: string;
  /** Memory of ours that holds the key, and not the caller's. */
  readonly own?: Uint8Array;
}

/** The numbers of a key, still encoded, and the label that belongs to it in PEM. */
export interface Numbers {
  readonly label: string;
  readonly numbers: readonly Element[];
}

/** Object identifiers in DER, which spells each in one way only. */
const RSA_ENCRYPTION = '2a864886f70d010101';

/**
 * Every input that is not a public key gives the fault `structure`. The module that explains it finds out whether it
 * is a private key.
 *
 * @throws {@link KeyFault}; `TypeError` for what can't be a key.
 */
export function strictPublicKey(
  input: PublicKeyInput,
  name: string,
  minBits?: number,
): RsaPublicKey {
  const opened = openKey(input, name);
  try {
    const key = readPublic(opened, minBits);
    if (key !== undefined) return key;
  } finally {
    forget(opened);
  }
  throw new KeyFault('structure');
}

/** Nothing where it is no public key. @throws {@link KeyFault} */
export function readPublic(opened: OpenedKey, minBits?: number): RsaPublicKey | undefined {
  if ('jwk' in opened) {
    return isPrivateJwk(opened.jwk)
      ? undefined
      : checkPublicKey(readPublicJwk(opened.jwk), minBits);
  }
  const found = findPublic(opened.members);
  if (found === undefined) return undefined;
  checkLabel(opened, found);
  return checkPublicKey(readPkcs1Public(found.numbers), minBits);
}

/** @throws {@link KeyFault} if the label does not match the content. */
export function checkLabel({ label }: OpenedDer, found: Numbers): void {
  if (label !== undefined && label !== found.label)
    throw new KeyFault('label-content', found.label);
}

/** Wipes what is ours of a key, which may be a private one. */
export function forget(opened: OpenedKey): void {
  if ('own' in opened) opened.own?.fill(0);
}

/** @throws {@link KeyFault}; `TypeError` for what can't be a key. */
export function openKey(input: unknown, name: string): OpenedKey {
  checkKeyInput(input, name);
  if (typeof input === 'string') return openPem(input);
  const bytes = bytesIn(input);
  return bytes === undefined ? { jwk: input as RsaJwk } : openBytes(bytes);
}

/** @throws `TypeError` if the input is neither text, nor bytes, nor an object that may be a JWK. */
export function checkKeyInput(input: unknown, name: string): asserts input is PublicKeyInput {
  if (typeof input === 'string' || bytesIn(input) !== undefined) return;
  // A JWK; a CryptoKey or KeyObject has a brand of its own.
  if (describe(input) === 'an object' && !ArrayBuffer.isView(input)) return;
  throw new TypeError(
    `${name} expected a PEM string, DER bytes or a JWK object (export a CryptoKey or KeyObject first), got ${describe(input)}`,
  );
}

function openBytes(bytes: Uint8Array): OpenedDer {
  if (bytes.length > MAX_KEY_LENGTH) throw new KeyFault('large');
  // The bytes of a PEM file. The text of a key is ASCII and is read without a decoder, because Hermes has none.
  if (bytes[0] !== TAG.sequence) return openPem(String.fromCharCode(...bytes));
  return { members: readSequence(bytes) };
}

function openPem(text: string): OpenedDer {
  const { label, der } = decodePem(text);
  try {
    return { members: readSequence(der), label, own: der };
  } catch (error) {
    der.fill(0);
    throw error;
  }
}

/** Whether these are the tags of the members. */
export function isMadeOf(members: readonly Element[], ...tags: readonly number[]): boolean {
  return members.length === tags.length && tags.every((tag, i) => members[i]?.tag === tag);
}

/** The numbers of PKCS#1 or of SubjectPublicKeyInfo. */
export function findPublic(members: readonly Element[]): Numbers | undefined {
  if (isMadeOf(members, TAG.integer, TAG.integer)) {
    return { label: 'RSA PUBLIC KEY', numbers: members };
  }
  if (!isMadeOf(members, TAG.sequence, TAG.bitString)) return undefined;
  const [algorithm, key] = members as [Element, Element];
  checkAlgorithm(algorithm);
  if (key.content[0] !== 0) throw new DerError('bits');
  return { label: 'PUBLIC KEY', numbers: readSequence(key.content.subarray(1)) };
}

export function checkAlgorithm({ content }: Element): void {
  const [identifier, ...parameters] = readElements(content);
  if (identifier?.tag !== TAG.objectIdentifier) throw new DerError('algorithm');
  // Other algorithms may have any parameters, so the identifier is checked first.
  const algorithm = toHex(identifier.content);
  if (algorithm !== RSA_ENCRYPTION) throw new KeyFault('algorithm', algorithm);
  const [none] = parameters;
  if (parameters.length !== 1 || none?.tag !== TAG.null || none.content.length > 0) {
    throw new DerError('parameters');
  }
}

function readPkcs1Public(members: readonly Element[]): RsaPublicKey {
  if (members.length !== 2) throw new DerError('public');
  const [n, e] = members.map(readInteger) as [bigint, bigint];
  return { n, e };
}
