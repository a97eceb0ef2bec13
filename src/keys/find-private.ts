// Finds private keys in files that are about to be published, under any file name.

import { fromBase64 } from '../base64.ts';
import { toHex } from '../bytes.ts';
import { type Element, readElements, readSequence, TAG } from './der.ts';

/** The largest file, in bytes, that is searched. A private key with text around it is far smaller. */
export const MAX_LOOKED_INTO: number = 2 ** 16;

/**
 * Describes the private key that a file contains, or returns `undefined` if it contains none.
 *
 * A key counts if its structure can be read: PEM with any text around it, also in UTF-16 and inside source or JSON
 * with escaped line breaks; base64 of PEM or of DER anywhere in a text, as .env files have it; DER; a JWK at any
 * depth of JSON; OpenSSH, PuTTY, OpenPGP and age keys; PKCS#12 and Java key stores, which are also recognised by the
 * ending of their name. Text that only mentions "-----BEGIN PRIVATE KEY-----" does not count.
 *
 * @param bytes - The whole file. A file of more than 64 KiB is judged by its name alone.
 */
export function findPrivateKey(path: string, bytes: Uint8Array): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const byName = NAMES.find(([pattern]) => pattern.test(name))?.[1];
  if (byName !== undefined || bytes.length > MAX_LOOKED_INTO) return byName;
  return inBinary(bytes) ?? inText(editorText(bytes));
}

const NAMES: readonly (readonly [pattern: RegExp, what: string])[] = [
  // Files with these names are reported even if their content is damaged or encrypted.
  [/^\.bundleseal_key(\.old)?$/, 'a private key of bundleseal'],
  [/^\.capgo_key(_v2)?$/, 'a private key of Capgo'],
  [/\.(p12|pfx)$/i, 'a PKCS#12 key store'],
  [/\.(jks|jceks|bks|keystore)$/i, 'a key store'],
];

/** Decodes text in the encodings that editors and shells write. PowerShell's ">" writes UTF-16. */
function editorText(bytes: Uint8Array): string {
  const isLittle = bytes[0] === 0xff || (bytes[0] !== 0 && bytes[1] === 0);
  const isBig = bytes[0] === 0xfe || (bytes[0] === 0 && bytes[1] !== 0);
  // A key's text is ASCII, so in UTF-16 every second byte is 0.
  const text = latin1(bytes);
  return isLittle || isBig ? text.replaceAll('\0', '') : text;
}

/**
 * Decodes each byte to one character. On Node, uses Buffer, because Node's TextDecoder takes twenty times as long.
 */
export function latin1(bytes: Uint8Array): string {
  const { Buffer } = globalThis;
  if (Buffer === undefined) return new TextDecoder('latin1').decode(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function inText(text: string): string | undefined {
  const found = inBlocks(text) ?? inJson(text);
  if (found !== undefined) return found;
  if (/^PuTTY-User-Key-File-\d/m.test(text)) return 'a PuTTY private key';
  if (/\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/.test(text)) return 'an age private key';
  return inPacked(text);
}

// "-----BEGIN" in base64, and in base64 of base64, which a secret of Kubernetes may contain.
const PACKED = /LS0tLS1CRUdJTi|TFMwdExTMUNSVWRKVG/g;
// Base64 of DER of 256 bytes or more, at the beginning of a word.
const BARE = /(?:^|[^A-Za-z0-9+/])(MII[A-Za-z0-9+/\s]{200,})/g;

/**
 * Finds keys in base64, as in variables of CI systems, .env files and kubeconfig. A text may contain several.
 */
function inPacked(text: string): string | undefined {
  const lines = text.replace(/\\+[nrt]/g, '\n');
  const starts = Array.from(lines.matchAll(PACKED), ({ index }) => index);
  for (const [i, start] of starts.entries()) {
    const inner = latin1(run(lines.slice(start, starts[i + 1])));
    const found = inBlocks(inner) ?? inPacked(inner);
    if (found !== undefined) return found;
  }
  for (const [, several] of lines.matchAll(BARE) as Iterable<[string, string]>) {
    for (const one of several.split(/\s+(?=MII)/)) {
      const bytes = run(one);
      // The first four bytes are the tag, the marker of a two-byte length, and the length.
      const length = 4 + 256 * (bytes[2] ?? 0) + (bytes[3] ?? 0);
      const found = inBinary(bytes.subarray(0, length));
      bytes.fill(0);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/**
 * Decodes the base64 at the start of a text. Characters that follow without a separator may be decoded too.
 */
function run(text: string): Uint8Array {
  const characters = (/^[A-Za-z0-9+/\s]*/.exec(text)?.[0] ?? '').replace(/\s+/g, '');
  // Any padding character will do: no byte that a block or a structure needs comes from the padding.
  const padded = characters.padEnd(Math.ceil(characters.length / 4) * 4, 'A');
  return fromBase64(padded, 'base64') as Uint8Array;
}

/** Decodes base64 and ignores all other characters around and between. */
function decoded(text: string): Uint8Array | undefined {
  const characters = text.replace(/[^A-Za-z0-9+/]/g, '');
  return fromBase64(characters.padEnd(Math.ceil(characters.length / 4) * 4, '='), 'base64');
}

const BLOCK =
  /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----((?:(?!-----)[\s\S]){64,})-----END /g;

function inBlocks(text: string): string | undefined {
  if (!text.includes('PRIVATE KEY')) return undefined;
  for (const [, label, inside] of text.matchAll(BLOCK) as Iterable<[string, string, string]>) {
    // Undoes the escaped line breaks of source code and JSON, and joins strings that are concatenated by "+".
    const lines = inside.replace(/["'`]\s*\+\s*["'`]/g, '').replace(/\\[nrt]/g, '\n');
    if (/Proc-Type:/.test(lines)) return 'an encrypted private key';
    if (label === 'PGP PRIVATE KEY BLOCK') return 'an OpenPGP private key';
    const body = decoded(lines);
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
