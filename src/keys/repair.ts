// Repairs keys that a CI variable, a shell, an editor or a web form has damaged.
//
// It repairs damage only if exactly one reading is possible. The strict readers then check every byte of the result's
// DER, so a wrong repair cannot yield a key.

import { fromBase64 } from '../base64.ts';
import { BundleSealError } from '../errors.ts';
import { decodeUtf8 } from '../utf8.ts';
import { KeyFault } from './fault.ts';
import type { RsaJwk } from './jwk.ts';
import { MAX_KEY_LENGTH, pemOfBase64 } from './pem.ts';
import { labelOfDer } from './strict-private.ts';

/** The repaired text of a key, and the list of repairs. */
export interface RepairedKey {
  readonly text: string;
  /** Each repair as a clause for a message: "its line breaks were written as \n". */
  readonly repairs: readonly string[];
}

// Hyphens and dashes of Unicode, and the two dashes of Windows-1252 after decoding as Latin-1.
const DASH = '[-\\u2010-\\u2015\\u2212\\ufe58\\ufe63\\uff0d\\u0096\\u0097]';
const QUOTE = '["\'`\\u2018-\\u201f\\u00ab\\u00bb\\u2039\\u203a\\u0091-\\u0094]';
// Quantifiers are bounded, because the engine tries a pattern again from each character of a long run of dashes or
// backslashes.
const PEM_BOUNDARY = new RegExp(
  `${DASH}{1,64}\\s*(BEGIN|END)\\s+([A-Z0-9][A-Z0-9 ]*?)\\s*${DASH}+`,
  'g',
);
const QUOTES_AROUND = new RegExp(`^(?:${QUOTE}|\\\\)+|(?:${QUOTE}|\\\\){1,64}$`, 'g');
const QUOTES_OF_LINES = new RegExp(`${QUOTE}\\s*\\+\\s*${QUOTE}|${QUOTE}|[\\\\,;]`, 'g');
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END ([A-Z0-9 ]+)-----/;
// Labels of RFC 7468 §5, and two older ones of OpenSSL.
const CERTIFICATES = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]*-----END \1-----/g;
const SPACES = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g;
// Only before base64 or JSON: the search for a PEM block leaves out all text before the block.
const ASSIGNMENT = /^(?:export\s+)?[A-Za-z_]\w{0,99}=(?=["']?(?:[\w+/-]{64}|\{))/;
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;

/** Repairs the text of a key. Returns a text without a key unchanged. */
export function repairKeyText(given: string): RepairedKey {
  if (given.length > MAX_KEY_LENGTH) return { text: given, repairs: [] };
  const untouched = { text: given.trim(), repairs: [] };
  const repairs: string[] = [];
  let { text } = untouched;
  const step = (what: string, next: string) => {
    if (next === text) return;
    text = next;
    repairs.push(what);
  };
  // Repairs UTF-16 only with a byte order mark, because the byte order is ambiguous without one. `explain.ts` reports it.
  if (UTF_16_MARK.test(text)) step('it was in UTF-16', withoutNuls(text));
  step('it contained invisible characters', text.replace(INVISIBLE, ''));
  step('its spaces were not ASCII', text.replace(SPACES, ' '));
  step('the name of a variable was before it', text.replace(ASSIGNMENT, ''));
  step('it was in quotes', text.replace(QUOTES_AROUND, '').trim());
  // Runs twice, because a tool may encode a secret that is already in base64.
  for (let i = 0; i < 2; i++) step('the whole text was base64', unwrapped(text));
  step('it was percent-encoded', percentDecoded(text));
  step('it was escaped for HTML', htmlDecoded(text));
  step('its line breaks were written as \\n', withLineBreaks(text));
  step('its quotes were escaped', withQuotes(text));
  step('its dashes were not ASCII hyphens', text.replace(PEM_BOUNDARY, '-----$1 $2-----'));
  step('certificates were beside it', withoutCertificates(text));
  const block = BLOCK.exec(text);
  if (block === null || text.match(/-----BEGIN /g)?.length !== 1) {
    return /^\s*\{|-----BEGIN /.test(text) ? { text, repairs } : untouched;
  }
  const [whole, label, body, endLabel] = block as unknown as [string, string, string, string];
  if (/\w/.test(text.replace(whole, '').replace(/^r?n$/, ''))) {
    repairs.push('other text was around it');
  }
  text = whole;
  const bare = body.replace(QUOTES_OF_LINES, '');
  if (bare !== body) repairs.push('its lines were in quotes');
  const joined = withoutBreakLetters(bare.replace(/\s+/g, ''));
  if (joined !== bare.replace(/\s+/g, '')) repairs.push('its line breaks had become the letter n');
  else if (!/[\r\n]/.test(body)) repairs.push('its line breaks had become spaces or were lost');
  if (repairs.length === 0) return { text, repairs };
  return { text: pemOfBase64(label, joined, endLabel), repairs };
}

/**
 * Parses the text as a JWK if it begins like JSON; otherwise returns the text.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID` if the JSON is damaged.
 */
export function keyOfText(text: string): string | RsaJwk {
  if (!/^\s*\{/.test(text) || text.length > MAX_KEY_LENGTH) return text;
  try {
    return JSON.parse(text) as RsaJwk;
  } catch {
    // Drops the error of JSON.parse, because it quotes the text, which may be a private key.
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      'the key begins like a JWK, but its JSON is damaged: copy it again, whole',
    );
  }
}

/**
 * Decodes the bytes of a key as UTF-8, UTF-16 or Latin-1. Returns `undefined` for DER and for input that is too long.
 */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0x30 || bytes.length > MAX_KEY_LENGTH) return undefined;
  try {
    return decodeUtf8(bytes);
  } catch {
    return String.fromCharCode(...bytes);
  }
}

// The byte order mark of UTF-16 after decoding as Latin-1, after decoding as UTF-8 with replacement characters, or as
// a character.
const UTF_16_MARK = /^(?:\u00fe\u00ff|\u00ff\u00fe|\ufffd\ufffd|\ufeff)/;

function withoutNuls(text: string): string {
  if (!text.includes('\0')) return text;
  // Removes the byte order mark, which decoding as Latin-1 or as UTF-8 turned into other characters.
  return text
    .replace(/\0/g, '')
    .replace(/^[\u00fe\u00ff\ufffd]+/, '')
    .trim();
}

/**
 * Decodes base64 of a whole PEM file or JWK. Adds the missing first and last line to the base64 of DER.
 */
function unwrapped(text: string): string {
  const compact = text
    .replace(/\s+/g, '')
    .replace(/-/g, '+')
    .replace(/_/g, '/')
    .replace(/={1,64}$/, '');
  if (!/^[A-Za-z0-9+/]{64,}$/.test(compact)) return text;
  const padded = compact.padEnd(Math.ceil(compact.length / 4) * 4, '=');
  const bytes = fromBase64(padded, 'base64');
  if (bytes === undefined) return text;
  try {
    if (bytes[0] === 0x30) return pemOfBase64(labelOf(bytes), padded);
    const inner = withoutNuls(textOfBytes(bytes) ?? '').trim();
    const isText =
      inner.includes('-----BEGIN ') ||
      /^\{[\s\S]*\}$/.test(inner) ||
      /^[A-Za-z0-9+/=\s]{64,}$/.test(inner);
    return isText ? inner : text;
  } finally {
    bytes.fill(0);
  }
}

/** Returns the PEM label of DER, or any label if the DER is not a key. */
function labelOf(der: Uint8Array): string {
  try {
    return labelOfDer(der);
  } catch (error) {
    if (!(error instanceof KeyFault)) throw error;
    // The strict reader fails again on the same bytes, and `explain.ts` explains that fault.
    return 'PRIVATE KEY';
  }
}

function percentDecoded(text: string): string {
  if (!/%(25)*(0a|0d|20|2b|2d|7b)/i.test(text)) return text;
  // A web form encodes a space as "+" and the "+" of base64 as "%2B".
  const spaced = /BEGIN\+/.test(text) ? text.replace(/\+/g, ' ') : text;
  return spaced
    .replace(/%(?:25)*([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .trim();
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ plus: '+', sol: '/', equals: '=', hyphen: '-', dash: '-', quot: '"', apos: "'" },
  ...{ nbsp: ' ', Tab: '\t', NewLine: '\n' },
};

function htmlDecoded(text: string): string {
  return text
    .replace(/<\/?(br|p|div|span|pre|code)\b[^<>]{0,100}>/gi, '\n')
    .replace(/&(?:#(\d{1,5})|#x([0-9a-f]{1,4})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) =>
      name === undefined
        ? String.fromCharCode(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal))
        : Object.hasOwn(ENTITIES, name)
          ? (ENTITIES[name] as string)
          : whole,
    )
    .trim();
}

/** Undoes the escapes of JSON and of shells, however often they were applied. */
function withLineBreaks(text: string): string {
  return text
    .replace(/\\{1,64}u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/(\\{1,64}r)?\\{1,64}n|\\{1,64}[rt]/g, '\n')
    .replace(/\\{1,64}([/+=])/g, '$1')
    .trim();
}

/** Removes the certificates beside one other PEM block. Keeps them if there is no other block, or more than one. */
function withoutCertificates(text: string): string {
  const rest = text.replace(CERTIFICATES, '').trim();
  return rest.match(/-----BEGIN /g)?.length === 1 ? rest : text;
}

/** Undoes the escapes of the quotes of a JWK, whose first sign after the brace is a quote. */
function withQuotes(text: string): string {
  return /^\{\s*\\+"/.test(text) ? text.replace(/\\{1,64}"/g, '"') : text;
}

/**
 * Removes the letters that remain of escaped line breaks: "\n" became "n". Base64 of DER begins with M, so an n before
 * the M shows this damage. Then an n follows each line too.
 */
function withoutBreakLetters(body: string): string {
  const letter = /^r?n(?=M)/.exec(body)?.[0];
  if (letter === undefined) return body;
  for (const width of [64, 76]) {
    const lines = new RegExp(`^${letter}(?:.{${width}}${letter})*(?:.{1,${width - 1}}${letter})?$`);
    if (!lines.test(body)) continue;
    return body
      .slice(letter.length)
      .replace(new RegExp(`(.{${width}})${letter}`, 'g'), '$1')
      .replace(
        body.length % (width + letter.length) === letter.length ? /$/ : new RegExp(`${letter}$`),
        '',
      );
  }
  return body;
}
