// Messages for the faults of `fault.ts`. Each message names the cause and what the user can do.

import { BundleSealError, type ErrorFields } from '../errors.ts';
import { BundleFault, type BundleFaultKind, type FaultDetail } from './fault.ts';
import { CHUNK_EXPONENT, MAX_METADATA_DEPTH, MODULUS_BITS } from './limits.ts';

type Sentence = (fields: ErrorFields, a: FaultDetail, b: FaultDetail) => string;

const invalid =
  (what: Sentence): Sentence =>
  (...told) =>
    `${what(...told)}; check that the file is the sealed bundle, whole and unaltered`;

const malformed =
  (what: Sentence): Sentence =>
  (...told) =>
    `${what(...told)}: the publisher's tool made a malformed bundle, seal it again`;

const SENTENCES: Readonly<Record<BundleFaultKind, Sentence>> = {
  short: ({ offset }) =>
    `a sealed bundle begins with at least 56 bytes of header, got ${offset}: the download was cut, or this is another file`,
  magic: invalid(
    () =>
      'this is not a sealed bundle: it does not begin with "BNDLSEAL" (a body alone needs its seal)',
  ),
  version: (_, version, suite) =>
    version === 1
      ? 'this bundle uses the withdrawn V1 scheme (RSA-2048, AES-256-CBC), which is no longer supported: encrypt the bundle again with this version'
      : `format version ${version}, suite ${suite} is not supported, only version 2, suite 1: update bundleseal in the app, or seal with the release that the app carries`,
  kind: invalid(
    (_, found, wanted) =>
      `this is a sealed ${typeof found === 'number' ? `object of the unknown kind ${found}` : found} and not a sealed ${wanted}`,
  ),
  exponent: invalid(
    (_, exponent) =>
      `the chunk exponent is ${exponent}, outside ${CHUNK_EXPONENT.min} to ${CHUNK_EXPONENT.max}`,
  ),
  'signature-length': invalid(
    (_, length) =>
      `the signature length is ${length} bytes, outside ${MODULUS_BITS.min / 8} to ${MODULUS_BITS.max / 8}`,
  ),
  'metadata-length': invalid(
    (_, length) => `the metadata length is ${length} bytes, not a multiple of 8`,
  ),
  size: invalid(() => 'the bundle size is over 2^53 - 1 bytes'),
  chunks: (_, count, limit) =>
    `the bundle has ${count} chunks and the limit is ${limit}: if the bundle is yours, raise maxChunks or seal it with a larger chunkSize`,
  cut: ({ offset }, wanted) =>
    `the header takes ${wanted} bytes, got ${offset}: the download was cut, fetch it again`,
  key: ({ keyId }, given) =>
    `the bundle was sealed for the key ${keyId}, and the key given is ${given}: pass the public key of the pair that sealed it, or have the bundle resealed`,
  seal: () =>
    "the signature does not belong to this header: it was altered, or made without the publisher's private key; discard the bundle and fetch it again from the publisher",
  'seal-text': () =>
    'the seal is not base64url without padding: pass what encryptBundle gave as `seal`, whole and unaltered',
  'body-length': (_, wanted, got) =>
    `the body takes ${wanted} bytes, got ${got}: ${
      Number(got) < Number(wanted)
        ? 'the download was cut, fetch it again'
        : 'more bytes follow the bundle, it was transferred as text, or the seal belongs to another bundle'
    }`,
  chunk: ({ chunkIndex, offset }) =>
    `chunk ${chunkIndex} (from byte ${offset} of the body) does not have its signed digest: the file was altered or damaged, discard it and fetch it again`,
  checksum: () =>
    'the bundle does not have the signed checksum, although every chunk is genuine: the tool that sealed it is faulty, seal it again',
  'seal-length': ({ offset }, got) =>
    `the seal takes ${offset} bytes, got ${got}: pass the header alone, without the body`,
  json: malformed(() => 'the metadata is not JSON in UTF-8'),
  depth: malformed(() => `the metadata is nested more than ${MAX_METADATA_DEPTH} levels deep`),
  object: malformed(() => 'the metadata is not a JSON object'),
  member: malformed((_, what) => `${what}`),
  expectation: ({ expectation, expected, actual }) =>
    `the bundle is genuine, but not the expected one: ${
      expectation === 'minSequence'
        ? `sequence must be at least ${expected}`
        : `${expectation} must be ${JSON.stringify(expected)}`
    }, but its metadata says ${JSON.stringify(actual) ?? 'nothing'}; do not install it`,
};

/** Turns a `BundleFault` into the error with its message. Returns every other error unchanged. */
export function explainBundleFault(error: unknown): unknown {
  if (!(error instanceof BundleFault)) return error;
  const { code, reason, name: _, ...fields } = error;
  const [kind, a, b] = reason;
  return new BundleSealError(code, SENTENCES[kind](fields, a, b), {
    ...fields,
    ...(error.cause !== undefined && { cause: error.cause }),
  });
}

/**
 * Returns the result of `read`. If `read` throws a `BundleFault`, throws the error with its message.
 */
export function explained<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw explainBundleFault(error);
  }
}
