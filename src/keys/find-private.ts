// Finds private keys in files that are about to be published, under any file name.

import { fromBase64 } from '../base64.ts';
import { toHex } from '../bytes.ts';
import { type Element, readElements, readSequence, TAG } from './der.ts';

/** The most bytes of a file that {@link findPrivateKey} searches. Files with a private key are far smaller. */
export const MAX_LOOKED_INTO: number = 2 ** 16;

/**
 * Describes the private key that a file contains, or returns `undefined` if it contains none.
 *
 * It finds:
 * - PEM with any text around it, also in UTF-16, and in source code or JSON with escaped line breaks;
 * - base64 of PEM or of DER anywhere in a text, as in .env files;
 * - DER, and a JWK at any depth of JSON;
 * - keys of OpenSSH, PuTTY, OpenPGP and age;
 * - PKCS#12 and Java key stores, by their content or by the extension of their name.
 *
 * The structure of the key must be readable. Text that only mentions "-----BEGIN PRIVATE KEY-----" is no key.
 *
 * @param path - The path of the file, with slashes.
 * @param bytes - The whole file. For a file of more than 64 KiB, only the name counts.
 */
export function findPrivateKey(path: string, bytes: Uint8Array): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const byName = NAMES.find(([pattern]) => pattern.test(name))?.[1];
  if (byName !== undefined || bytes.length > MAX_LOOKED_INTO) return byName;
  return inBinary(bytes) ?? (hasMarker(bytes) ? findInText(decodeText(bytes)) : undefined);
}

/**
 * Each form of a key that a bundler may inline into a script has one of these in it: PEM ("PRIVATE KEY"), base64 of "-----BEGIN"
 * (LS0tLS1CRUdJTi), the type of a JWK, and base64 of DER. Node searches texts of up to six characters four times as fast as longer
 * ones.
 */
export const INLINED_MARKERS: readonly string[] = ['VATE K', 'CRUdJT', 'kty', 'MII'];
/** Each form of a key in a text has one of these in it. */
const MARKERS = [...INLINED_MARKERS, 'PuTTY-', 'AGE-SE', 'TFMwdE'];

/**
 * Whether {@link findInText} can find anything. On Node, this native search takes a tenth of the time of decoding and
 * searching a text.
 */
function hasMarker(bytes: Uint8Array): boolean {
  if (globalThis.Buffer === undefined || isUtf16(bytes)) return true;
  return includesAny(bytes, MARKERS);
}

/** Whether the bytes have one of these texts in Latin-1. Needs Node's `Buffer`. */
export function includesAny(
  { buffer, byteOffset, length }: Uint8Array,
  texts: readonly string[],
): boolean {
  const searched = Buffer.from(buffer, byteOffset, length);
  return texts.some((text) => searched.includes(text, 0, 'latin1'));
}

const NAMES: readonly (readonly [pattern: RegExp, what: string])[] = [
  // Files with these names are reported even if their content is damaged or encrypted.
  [/^\.bundleseal_key(\.old)?$/, 'a private key of bundleseal'],
  [/^\.capgo_key(_v2)?$/, 'a private key of Capgo'],
  [/\.(p12|pfx)$/i, 'a PKCS#12 key store'],
  [/\.(jks|jceks|bks|keystore)$/i, 'a key store'],
];

/** Decodes UTF-16, which the ">" of PowerShell writes, and any encoding that contains ASCII. */
function decodeText(bytes: Uint8Array): string {
  // A key's text is ASCII, so in UTF-16 every second byte is 0.
  const text = latin1(bytes);
  return isUtf16(bytes) ? text.replaceAll('\0', '') : text;
}

function isUtf16(bytes: Uint8Array): boolean {
  const isLittle = bytes[0] === 0xff || (bytes[0] !== 0 && bytes[1] === 0);
  const isBig = bytes[0] === 0xfe || (bytes[0] === 0 && bytes[1] !== 0);
  return isLittle || isBig;
}

/**
 * Decodes each byte to one character. On Node, uses Buffer, because Node's TextDecoder takes twenty times as long.
 */
export function latin1(bytes: Uint8Array): string {
  const { Buffer } = globalThis;
  if (Buffer === undefined) return new TextDecoder('latin1').decode(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Describes the private key in a text, of which each character is one byte. */
export function findInText(text: string): string | undefined {
  const found = inBlocks(text) ?? inJson(text);
  if (found !== undefined) return found;
  if (/^PuTTY-User-Key-File-\d/m.test(text)) return 'a PuTTY private key';
  if (/\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/.test(text)) return 'an age private key';
  return inBase64(text);
}

// "-----BEGIN" in base64, and in base64 of base64, which a secret of Kubernetes may contain.
const BASE64_OF_PEM = /LS0tLS1CRUdJTi|TFMwdExTMUNSVWRKVG/g;
// Base64 of DER of 256 bytes or more, at the beginning of a word.
const BASE64_OF_DER = /(?:^|[^A-Za-z0-9+/])(MII[A-Za-z0-9+/\s]{200,})/g;

/**
 * Finds keys in base64, as in variables of CI systems, .env files and kubeconfig. A text may contain several.
 */
function inBase64(text: string): string | undefined {
  const lines = text.replace(/\\+[nrt]/g, '\n');
  const starts = Array.from(lines.matchAll(BASE64_OF_PEM), ({ index }) => index);
  for (const [i, start] of starts.entries()) {
    const inner = latin1(leadingBase64(lines.slice(start, starts[i + 1])));
    const found = inBlocks(inner) ?? inBase64(inner);
    if (found !== undefined) return found;
  }
  for (const [, several] of lines.matchAll(BASE64_OF_DER) as Iterable<[string, string]>) {
    const parts = several.split(/\s+(?=MII)/);
    for (const [i, part] of parts.entries()) {
      // A line within a key may begin like a key, so the next part may belong to this one.
      const bytes = leadingBase64(part + (parts[i + 1] ?? ''));
      // The first four bytes are the tag, the marker of a two-byte length, and the length.
      const length = 4 + 256 * (bytes[2] ?? 0) + (bytes[3] ?? 0);
      const found = inBinary(bytes.subarray(0, length));
      bytes.fill(0);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Decodes the base64 at the start of a text, up to the first character that is not base64. */
function leadingBase64(text: string): Uint8Array {
  const characters = (/^[A-Za-z0-9+/\s]*/.exec(text)?.[0] ?? '').replace(/\s+/g, '');
  // Pads with a character of base64, because the decoder is strict. The bytes of the padding follow the key.
  const padded = characters.padEnd(Math.ceil(characters.length / 4) * 4, 'A');
  return fromBase64(padded, 'base64') as Uint8Array;
}

/** Decodes the base64 in a text, and ignores all characters that are not base64. */
function allBase64(text: string): Uint8Array | undefined {
  const characters = text.replace(/[^A-Za-z0-9+/]/g, '');
  return fromBase64(characters.padEnd(Math.ceil(characters.length / 4) * 4, '='), 'base64');
}

const PEM_BLOCK =
  /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----((?:(?!-----)[\s\S]){64,})-----END /g;

function inBlocks(text: string): string | undefined {
  if (!text.includes('PRIVATE KEY')) return undefined;
  for (const [, label, inside] of text.matchAll(PEM_BLOCK) as Iterable<[string, string, string]>) {
    // Undoes the escaped line breaks of source code and JSON, and joins strings that are concatenated by "+".
    const lines = inside.replace(/["'`]\s*\+\s*["'`]/g, '').replace(/\\[nrt]/g, '\n');
    if (/Proc-Type:/.test(lines)) return 'an encrypted private key';
    if (label === 'PGP PRIVATE KEY BLOCK') return 'an OpenPGP private key';
    const body = allBase64(lines);
    const found =
      body && (inBinary(body) ?? (isOpenSsh(body) ? 'an OpenSSH private key' : undefined));
    body?.fill(0);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isOpenSsh(bytes: Uint8Array): boolean {
  return latin1(bytes.subarray(0, 15)) === 'openssh-key-v1\0';
}

// An object without a nested object, in JSON or source code.
const FLAT_OBJECT = /\{[^{}]*\}/g;
const KEY_TYPE = /\bkty\\*["']?\s*:\s*\\*["'](RSA|EC|OKP|oct)\\*["']/;

/** Finds a JWK alone, in a set, in other JSON or in source code. */
function inJson(text: string): string | undefined {
  if (!text.includes('kty')) return undefined;
  const isFound = (text.match(FLAT_OBJECT) ?? []).some((object) => {
    const type = KEY_TYPE.exec(object)?.[1];
    const secret = type === 'oct' ? SECRET_OF.oct : SECRET_OF.pair;
    return type !== undefined && secret.test(object);
  });
  return isFound ? 'a private key (JWK)' : undefined;
}

const SECRET_OF = {
  oct: /[{,\s"']k\\*["']?\s*:\s*\\*["'][\w-]{20,}/,
  pair: /[{,\s"']d\\*["']?\s*:\s*\\*["'][\w-]{20,}/,
};

const PKCS7_DATA = '2a864886f70d010701';
// PBES1 and PBES2 (RFC 8018), and the schemes of PKCS#12 (RFC 7292).
const PASSWORD_BASED = /^2a864886f70d01(05|0c01)/;

function inBinary(bytes: Uint8Array): string | undefined {
  const magic = toHex(bytes.subarray(0, 4));
  if (magic === 'feedfeed' || magic === 'cececece') return 'a Java key store';
  if (bytes[0] !== TAG.sequence) return undefined;
  try {
    return inDer(readSequence(bytes));
  } catch {
    return undefined;
  }
}

/**
 * Recognises PKCS#8 (RFC 5958), PKCS#1 (RFC 8017), SEC 1 (RFC 5915) and PKCS#12 (RFC 7292) by their members.
 */
function inDer(members: readonly Element[]): string | undefined {
  const is = (...tags: number[]) => tags.every((tag, at) => members[at]?.tag === tag);
  const [first, second] = members as [Element, Element?];
  const version = first?.tag === TAG.integer && first.content.length === 1 ? first.content[0] : -1;
  const integers = members.slice(0, 9).filter(({ tag }) => tag === TAG.integer).length;
  if (integers === 9 && (version === 0 || version === 1)) return 'an RSA private key';
  if (is(TAG.integer, TAG.sequence, TAG.octetString) && (version === 0 || version === 1)) {
    return 'a private key (PKCS#8)';
  }
  if (is(TAG.integer, TAG.octetString) && version === 1) return 'an EC private key';
  if (is(TAG.integer, TAG.sequence) && version === 3 && second !== undefined) {
    return identifierIn(second) === PKCS7_DATA ? 'a PKCS#12 key store' : undefined;
  }
  if (is(TAG.sequence, TAG.octetString) && members.length === 2) {
    return PASSWORD_BASED.test(identifierIn(first)) ? 'an encrypted private key' : undefined;
  }
  return undefined;
}

function identifierIn({ content }: Element): string {
  const [identifier] = readElements(content);
  return identifier?.tag === TAG.objectIdentifier ? toHex(identifier.content) : '';
}
