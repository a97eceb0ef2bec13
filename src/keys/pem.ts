// Textual encodings of keys (RFC 7468), tolerant of what CI variables and editors do to white space and
// of nothing else.

import { fromBase64, toBase64 } from '../base64.ts';
import { keyInvalid } from './rsa.ts';

export interface Pem {
  /** What stands between BEGIN and the dashes, e.g. `PRIVATE KEY`. */
  readonly label: string;
  readonly der: Uint8Array;
}

const EMPTY =
  'the key is an empty string: check that the variable or file that it comes from is set';

const ENCRYPTED =
  'this is an encrypted private key: decrypt it first with "openssl pkey -in key.pem -out plain.pem"';

/** Labels of what people have beside RSA keys, and what to do about each. */
const OTHER_LABELS: readonly [pattern: RegExp, message: string][] = [
  [/^ENCRYPTED /, ENCRYPTED],
  [
    /^OPENSSH /,
    'this is an OpenSSH private key: make a pair with keygen(), or convert an RSA one with "ssh-keygen -p -m PKCS8"',
  ],
  [/^EC /, 'this is an EC key: an RSA key is needed, make a pair with keygen()'],
  [/CERTIFICATE$/, 'this is a certificate: take its key with "openssl x509 -pubkey -noout"'],
];

/**
 * Reads the one PEM block in `text`.
 *
 * @throws `ERR_KEY_INVALID`, naming what came instead; no part of the text is ever quoted.
 */
export function decodePem(text: string): Pem {
  // `trim` takes a byte order mark for white space too.
  const trimmed = text.trim();
  const tidy = trimmed.replace(/\\r\\n|\\n|\\r/g, '\n').trim();
  if (tidy === '') {
    throw keyInvalid(EMPTY);
  }
  const block = /^-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END ([A-Z0-9 ]+)-----$/.exec(tidy);
  if (block === null) throw keyInvalid(explainNotPem(trimmed));
  const [, label, body, endLabel] = block as unknown as [string, string, string, string];
  const other = OTHER_LABELS.find(([pattern]) => pattern.test(label));
  if (other !== undefined) throw keyInvalid(other[1]);
  if (!/^(RSA )?(PRIVATE|PUBLIC) KEY$/.test(label)) {
    throw keyInvalid(
      `this is a PEM block of the kind "${label}": an RSA key in PKCS#8, PKCS#1 or SubjectPublicKeyInfo is needed`,
    );
  }
  if (label !== endLabel)
    throw keyInvalid('the BEGIN and END lines of the key differ: copy the key again, whole');
  const der = fromBase64(body.replace(/\s+/g, ''), 'base64');
  if (der === undefined || der.length === 0) {
    throw keyInvalid("the key's base64 is truncated or corrupted: copy the key again, whole");
  }
  return { label, der };
}

function explainNotPem(text: string): string {
  if (/^(ssh-|ecdsa-|sk-)/.test(text)) {
    return 'this is an OpenSSH public key: an RSA key in PEM is needed, e.g. from "ssh-keygen -e -m PKCS8"';
  }
  if (text.startsWith('{')) return 'this is JSON text: parse it, and pass the JWK';
  const begins = text.match(/-----BEGIN /g)?.length ?? 0;
  const ends = text.match(/-----END /g)?.length ?? 0;
  if (begins > 1) return 'there is more than one PEM block: pass the one key alone';
  if (begins === 1 && ends === 0)
    return 'the key is cut short, its END line is missing: copy it again, whole';
  // The traditional form, with its headers inside the block (RFC 1421 §4.6).
  if (text.includes('Proc-Type:')) return ENCRYPTED;
  if (begins + ends > 0) {
    return 'the PEM block is damaged, or text stands around it: pass the lines from BEGIN to END alone';
  }
  // A path is short; base64 without its armour is long and may be a private key, so nothing is quoted.
  if (text.length < 512 && /^[^\n]*[./\\~][^\n]*$/.test(text)) {
    return 'this looks like a path and not like a key: read the file and pass what is in it';
  }
  return 'this is no PEM key: it must begin with "-----BEGIN" (or pass DER bytes or a JWK object)';
}

/** Encodes with lines of 64 characters (RFC 7468 §2) and a line break at the end. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines = toBase64(der, 'base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
