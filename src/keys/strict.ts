// Strict readers of keys in standard forms. Every app that opens bundles contains this file, so to stay small it
// names a fault by one word. `explain.ts` has the messages.

import { bytesIn, toHex } from '../bytes.ts';
import { describe } from '../options.ts';
import { DerError, type Element, readElements, readInteger, readSequence, TAG } from './der.ts';
import { KeyFault } from './fault.ts';
import { isPrivateJwk, type RsaJwk, readPublicJwk } from './jwk.ts';
import { decodePem, MAX_KEY_LENGTH } from './pem.ts';
import { checkPublicKey, type RsaPublicKey } from './rsa.ts';

/**
 * An RSA public key of 3072 to 8192 bits: PEM (SubjectPublicKeyInfo or PKCS#1), DER bytes of either, or a JWK object. At
 * most 64 KiB.
 */
export type PublicKeyInput = string | Uint8Array | ArrayBuffer | RsaJwk;

/**
 * An RSA private key of 3072 to 8192 bits: PEM (PKCS#8 or PKCS#1), DER bytes of either, or a JWK object. At most 64 KiB,
 * and not protected by a passphrase.
 */
export type PrivateKeyInput = string | Uint8Array | ArrayBuffer | RsaJwk;

/** A key after the first step of parsing: the members of its outermost SEQUENCE, or the JWK. */
export type OpenedKey = OpenedDer | { readonly jwk: RsaJwk };

export interface OpenedDer {
  readonly members: readonly Element[];
  /** The PEM label, if the key is in PEM. */
  readonly label?: string;
  /** The library's own copy of the key. The caller wipes it with {@link wipeOwnCopy}. */
  readonly own?: Uint8Array;
}

/** The numbers of a key, still encoded, and its PEM label. */
export interface Numbers {
  readonly label: string;
  readonly numbers: readonly Element[];
}

/** The object identifier rsaEncryption (RFC 8017 appendix C) in DER, as hex. */
const RSA_ENCRYPTION = '2a864886f70d010101';

/**
 * Reads a public key. For other structures it throws the fault `structure`, and `repair-or-explain.ts`
 * identifies the structure.
 *
 * @throws {@link KeyFault}; `TypeError` if the type cannot be a key.
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
    wipeOwnCopy(opened);
  }
  throw new KeyFault('structure');
}

/** Reads a public key. Returns `undefined` for any other structure. @throws {@link KeyFault} */
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

/** Wipes the library's own copy of the key, because it may be a private key. */
export function wipeOwnCopy(opened: OpenedKey): void {
  if ('own' in opened) opened.own?.fill(0);
}

/**
 * Reads the outermost structure of a key. The caller wipes it with {@link wipeOwnCopy}.
 *
 * @throws {@link KeyFault}; `TypeError` if the type cannot be a key.
 */
export function openKey(input: unknown, name: string): OpenedKey {
  checkKeyInput(input, name);
  if (typeof input === 'string') return openPem(input);
  const bytes = bytesIn(input);
  return bytes === undefined ? { jwk: input as RsaJwk } : openBytes(bytes);
}

/** @throws `TypeError` if the input is neither text, nor bytes, nor an object that may be a JWK. */
export function checkKeyInput(input: unknown, name: string): asserts input is PublicKeyInput {
  if (typeof input === 'string' || bytesIn(input) !== undefined) return;
  // A plain object may be a JWK. `describe` names a CryptoKey or KeyObject by its class.
  if (describe(input) === 'an object' && !ArrayBuffer.isView(input)) return;
  throw new TypeError(
    `${name} expected a PEM string, DER bytes or a JWK object (export a CryptoKey or KeyObject first), got ${describe(input)}`,
  );
}

function openBytes(bytes: Uint8Array): OpenedDer {
  if (bytes.length > MAX_KEY_LENGTH) throw new KeyFault('large');
  // Bytes that are not DER are a PEM file. PEM is ASCII, so `String.fromCharCode` decodes it. Hermes has no TextDecoder.
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

/** Whether the members have exactly these tags. */
export function isMadeOf(members: readonly Element[], ...tags: readonly number[]): boolean {
  return members.length === tags.length && tags.every((tag, i) => members[i]?.tag === tag);
}

/** Finds the numbers in PKCS#1 or SubjectPublicKeyInfo. */
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
  // Checks the identifier before the parameters, because other algorithms have other parameters.
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
