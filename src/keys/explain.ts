// Messages about keys. Each message names the cause and what the user can do. No message quotes any part of the input,
// because it may be a private key.

import { BundleSealError } from '../errors.ts';
import { MODULUS_BITS, PUBLIC_EXPONENT } from '../format/limits.ts';
import type { DerFaultKind } from './der.ts';
import type { KeyFault } from './fault.ts';

const MAKE = 'make a pair with keygen()';

const EMPTY =
  'the key is an empty string: check that the variable or file that it comes from is set';
const ENCRYPTED =
  'this is an encrypted private key: decrypt it first, with decryptPrivateKey() of bundleseal/node or with "openssl pkey -in key.pem -out plain.pem"';
const BASE64 = "the key's base64 is truncated or corrupted: copy the key again, whole";
// RFC 7468 §2 permits no headers, and RFC 1421 §4.6.1.1 demands Proc-Type as the first one. OpenSSL refuses others too.
const HEADERS = /-----BEGIN [A-Z0-9 ]+-----\s*[A-Za-z][\w-]*:/;
const WITH_HEADERS =
  'the PEM block has headers such as "Comment:", which RFC 7468 does not permit: delete the lines between its BEGIN line and its base64';
const CERTIFICATE =
  'this is a certificate: take its public key with "openssl x509 -in cert.pem -pubkey -noout"';
const REQUEST =
  'this is a certificate request: take its public key with "openssl req -in request.pem -pubkey -noout"';
const OPENSSH_PRIVATE =
  'this is an OpenSSH private key: convert an RSA one with "ssh-keygen -p -m PKCS8 -f key", or make a pair with keygen()';
const OPENSSH_PUBLIC =
  'this is an OpenSSH public key: convert an RSA one with "ssh-keygen -e -m PKCS8 -f key.pub"';
const SSH2_PUBLIC =
  'this is a public key in SSH2 form: convert an RSA one with "ssh-keygen -i -m RFC4716 -f key.pub", then "ssh-keygen -e -m PKCS8"';
const PUTTY =
  'this is a key of PuTTY: convert an RSA one with "puttygen key.ppk -O private-openssh -o key.pem"';
const PGP = 'this is an OpenPGP key or message, which has another use: make a pair with keygen()';
const PKCS12 =
  'this is a PKCS#12 file: take its private key with "openssl pkcs12 -in key.p12 -nodes -nocerts -out key.pem"';
const PKCS7 =
  'this is a PKCS#7 file: take its certificates with "openssl pkcs7 -in file.p7b -print_certs", and the key of one with "openssl x509 -pubkey -noout"';
const KEYSTORE =
  'this is a Java keystore: convert it with "keytool -importkeystore -srckeystore in.jks -destkeystore key.p12 -deststoretype PKCS12", then "openssl pkcs12 -in key.p12 -nodes -nocerts"';
const AGE = 'this is a key of age, which has another use: make a pair with keygen()';

const isA = (what: string) => `this is ${what}: a plain RSA key is needed, ${MAKE}`;

/** PEM labels of other keys and files that users pass by mistake. */
const LABELS: readonly [pattern: RegExp, message: string][] = [
  [/^ENCRYPTED /, ENCRYPTED],
  [/^OPENSSH /, OPENSSH_PRIVATE],
  [/^SSH2 /, SSH2_PUBLIC],
  [/^EC /, isA('an EC key')],
  [/^DSA /, isA('a DSA key')],
  [/^(X9\.42 )?DH /, isA('a set of Diffie-Hellman parameters')],
  [/CERTIFICATE REQUEST$/, REQUEST],
  [/CERTIFICATE$/, CERTIFICATE],
  [/^X509 CRL$/, isA('a list of revoked certificates')],
  [/^PGP /, PGP],
  [/^(PKCS ?#?7|CMS)/, PKCS7],
  [/^PKCS ?#?12/, PKCS12],
  [/^AGE /, AGE],
  [/^(ED|X)(25519|448) /, isA('a key for another algorithm')],
];

/** The first characters of other key formats that are not PEM. */
const BEGINNINGS: readonly [pattern: RegExp, message: string][] = [
  [/^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ +AAAA/, OPENSSH_PUBLIC],
  [/^---- BEGIN SSH2 /, SSH2_PUBLIC],
  [/^PuTTY-User-Key-File-/, PUTTY],
  [/^AGE-SECRET-KEY-|^age1/, AGE],
  [/^(\u00fe\u00ed){2}|^\u00ce{4}/, KEYSTORE],
];

const ALGORITHMS: Readonly<Record<string, string>> = {
  '2a864886f70d010107': 'an RSA key restricted to RSAES-OAEP',
  '2a864886f70d01010a': 'an RSA key restricted to RSASSA-PSS',
  '2a864886f70d010301': 'a Diffie-Hellman key',
  '2a8648ce3d0201': 'an EC key',
  '2a8648ce3e0201': 'a Diffie-Hellman key',
  '2a8648ce380401': 'a DSA key',
  '2b656e': 'an X25519 key',
  '2b656f': 'an X448 key',
  '2b6570': 'an Ed25519 key',
  '2b6571': 'an Ed448 key',
  '608648016503040311': 'an ML-DSA key',
  '608648016503040312': 'an ML-DSA key',
  '608648016503040313': 'an ML-DSA key',
  '608648016503040401': 'an ML-KEM key',
  '608648016503040402': 'an ML-KEM key',
  '608648016503040403': 'an ML-KEM key',
};

/** The tags of the first members of a DER structure identify what it is. */
const STRUCTURES: readonly [tags: string, message: string][] = [
  ['48,4', ENCRYPTED],
  ['2,4', isA('an EC key')],
  ['2,48,4', isA('a private key in a form that is not PKCS#8 version 0')],
  ['2,48', PKCS12],
  ['6,160', PKCS7],
  ['2,2,2', isA('a DSA key or a damaged RSA key')],
  ['6', isA('a set of EC parameters')],
];

/** The message for each fault in the DER of a key. */
const DER_MESSAGES: Readonly<Record<DerFaultKind, string>> = {
  algorithm: 'an algorithm was expected',
  bits: 'its BIT STRING is not whole bytes',
  cut: 'it is cut short',
  integer: 'an INTEGER was expected',
  'integer-minimal': 'an INTEGER is not minimal',
  length: 'a length is not in DER form',
  'length-minimal': 'a length is not minimal',
  members: 'it has more members than a key',
  more: 'more bytes follow its end',
  negative: 'an INTEGER is negative',
  parameters: 'rsaEncryption must have NULL parameters',
  pkcs8: 'it is not a PKCS#8 key of version 0',
  private: 'an RSA private key has version 0 and eight numbers',
  public: 'an RSA public key has two numbers',
  sequence: 'it is not a SEQUENCE',
};

/** The messages without details. */
const MESSAGES: Readonly<Record<string, string>> = {
  'label-end': 'the BEGIN and END lines of the key differ: copy the key again, whole',
  empty: EMPTY,
  large: 'this is too large for a key (over 64 KiB): pass the key alone',
  'multi-prime': `this is an RSA key of more than two primes: ${MAKE}`,
  numbers: `the numbers of the RSA private key do not belong together (n = p·q, e·d ≡ 1): the key is damaged, take it from its backup or ${MAKE}`,
};

export function keyInvalid(message: string): BundleSealError {
  return new BundleSealError('ERR_KEY_INVALID', message);
}

/** Makes the error for a fault. `text` is the input, if it is text. */
export function explainKeyFault(fault: KeyFault, input: unknown, text?: string): BundleSealError {
  return keyInvalid(messageFor(fault, input, text ?? ''));
}

function messageFor({ kind, detail }: KeyFault, input: unknown, text: string): string {
  switch (kind) {
    case 'text':
      return explainText(text.trim());
    case 'base64':
      return HEADERS.test(text) ? WITH_HEADERS : BASE64;
    case 'label':
      return explainLabel(/-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1] ?? '');
    case 'label-content':
      return `the PEM block contains a "${detail}", but its label says otherwise: correct its first and last line`;
    case 'half':
      return detail === 'private'
        ? 'this is a private key, and a public key is needed: pass publicKeyOf(privateKey), and keep the private key out of the app'
        : 'this is a public key, and a private key is needed: pass the private key of the pair';
    case 'algorithm':
      return isA(
        Object.hasOwn(ALGORITHMS, detail)
          ? (ALGORITHMS[detail] as string)
          : 'a key for another algorithm',
      );
    case 'structure':
      return explainStructure(String(detail));
    case 'der':
      return `the key is damaged or is not an RSA key (${DER_MESSAGES[detail as DerFaultKind]}): copy it again, whole, or ${MAKE}`;
    case 'bits':
      return `the RSA key has ${detail} are required: make a new pair with keygen()`;
    case 'modulus':
      return `the RSA modulus (${detail} bits) must be odd, of at most ${MODULUS_BITS.max} bits and a multiple of 8: make a new pair with keygen()`;
    case 'exponent':
      return `the RSA public exponent is ${detail}: it must be odd, from ${PUBLIC_EXPONENT.min} to 2^32 - 1; make a new pair with keygen()`;
    case 'weak':
      return `the RSA key is weak, ${detail || 'its modulus can be factored at once'}: anyone can find the private key, make a new pair with keygen()`;
    case 'jwk':
      return explainJwk(input as Record<string, unknown>);
    case 'jwk-member':
      return (input as Record<string, unknown>)[detail] === undefined
        ? `the JWK has no "${detail}": export the key again with all of its members`
        : `the JWK's "${detail}" is not a Base64urlUInt: export the key again`;
    default:
      return MESSAGES[kind] as string;
  }
}

function explainLabel(label: string): string {
  return (
    LABELS.find(([pattern]) => pattern.test(label))?.[1] ??
    'this is a PEM block of another kind: an RSA key in PKCS#8, PKCS#1 or SubjectPublicKeyInfo is needed'
  );
}

function explainStructure(tags: string): string {
  if (tags.startsWith('48,48,3')) {
    return `${CERTIFICATE}; if it is a certificate request, use "openssl req -in request.pem -pubkey -noout"`;
  }
  const known = STRUCTURES.find(([start]) => tags === start || tags.startsWith(`${start},`));
  return known?.[1] ?? `this is not an RSA key: an RSA key is needed, ${MAKE}`;
}

function explainText(text: string): string {
  // In UTF-16, every second byte of ASCII text is zero.
  if (/^(?:\0[^\0]|[^\0]\0){8}/.test(text)) {
    return 'the key is UTF-16 text without a byte order mark: save the file as UTF-8';
  }
  // A variable that contains only line breaks, which a shell or CI system may have escaped.
  if (/^(\s|\\[rnt])*$/.test(text)) return EMPTY;
  const beginning = BEGINNINGS.find(([pattern]) => pattern.test(text));
  if (beginning !== undefined) return beginning[1];
  const begins = text.match(/-----BEGIN /g)?.length ?? 0;
  const ends = text.match(/-----END /g)?.length ?? 0;
  // Traditional PEM has the encryption headers inside the block (RFC 1421 §4.6).
  if (begins < 2 && /Proc-Type:|-----BEGIN ENCRYPTED /.test(text)) return ENCRYPTED;
  if (begins > 1) return 'there is more than one PEM block: pass the one key alone';
  if (begins === 1 && ends === 0) {
    return 'the key is cut short, its END line is missing: copy it again, whole';
  }
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1] ?? 'PUBLIC KEY';
  const other = LABELS.find(([pattern]) => pattern.test(label));
  if (other !== undefined) return other[1];
  if (HEADERS.test(text)) return WITH_HEADERS;
  if (begins + ends > 0) {
    return 'the PEM block is damaged: copy it again, the lines from BEGIN to END whole';
  }
  // A path is short. Long text with a slash may be the base64 of a private key without its PEM lines.
  if (text.length < 512 && /^[^\n]*[./\\~][^\n]*$/.test(text)) {
    return 'this looks like a path, not like a key: read the file and pass its content';
  }
  return 'this is not a PEM key: it must begin with "-----BEGIN" (or pass DER bytes or a JWK object)';
}

const JWK_KINDS: Readonly<Record<string, string>> = {
  EC: 'an EC key',
  OKP: 'an Ed25519 or X25519 key',
  oct: 'a symmetric key',
  AKP: 'a post-quantum key',
};

function explainJwk(jwk: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(jwk['keys'])) {
    return 'this is a set of JWKs ("keys"): pass one of them';
  }
  if (typeof jwk['publicKey'] === 'string' || typeof jwk['privateKey'] === 'string') {
    return 'this is a pair of keys: pass its publicKey or its privateKey';
  }
  const { kty, crv } = jwk;
  const curve = ['Ed25519', 'Ed448', 'X25519', 'X448'].find((name) => name === crv);
  const what =
    kty === 'OKP' && curve !== undefined
      ? `an ${curve} key`
      : typeof kty === 'string' && Object.hasOwn(JWK_KINDS, kty)
        ? JWK_KINDS[kty]
        : 'not an RSA key';
  return `the JWK is ${what} ("kty" must be "RSA"): ${MAKE}`;
}
