// The fields of a sealed bundle, byte by byte, as docs/format.md has them.

/** The length of a GCM tag. */
const TAG = 16;
const DIGEST = 32;
const FIXED = 56;
/** Digests of a large bundle, and its ciphertext, are shown by their beginning. */
const SHOWN_DIGESTS = 3;
const SHOWN_BODY = 32;

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  /** How many bytes from the offset on are shown. */
  readonly shown: number;
  /** What the bytes say, for a person. */
  readonly value: string;
  readonly explanation: string;
}

const KINDS = ['a bundle', 'a patch', 'an index', 'a list of keys'];
const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const count = (value: number) => value.toLocaleString('en');

/** Of a bundle that was just sealed: its lengths are taken on its word. */
export function fieldsOf(sealed: Uint8Array): Field[] {
  const view = new DataView(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const signatureLength = view.getUint16(12);
  const metadataLength = view.getUint16(14);
  const size = Number(view.getBigUint64(16));
  const exponent = view.getUint8(10);
  const chunkSize = 2 ** exponent;
  const chunks = Math.max(1, Math.ceil(size / chunkSize));
  const fields: Field[] = [];
  const add = (
    length: number,
    name: string,
    value: string,
    explanation: string,
    shown = length,
  ) => {
    const last = fields.at(-1);
    const offset = last === undefined ? 0 : last.offset + last.length;
    fields.push({ name, offset, length, shown, value, explanation });
  };

  add(8, 'magic', 'BNDLSEAL', 'Identifies a sealed bundle.');
  add(
    1,
    'version',
    String(sealed[8]),
    'The version of the format. The library refuses another version by name.',
  );
  add(
    1,
    'suite',
    String(sealed[9]),
    'The algorithms: 1 is an RSA signature with message recovery, AES-256-GCM and SHA-256.',
  );
  add(
    1,
    'chunk exponent',
    `${count(chunkSize)} bytes`,
    `The length of a chunk is 2^${exponent} bytes.`,
  );
  add(
    1,
    'kind',
    KINDS[sealed[11] as number] ?? 'unknown',
    'The type of the sealed object. A call that opens bundles refuses every other kind.',
  );
  add(
    2,
    'signature length',
    `${count(signatureLength)} bytes`,
    'The length of the RSA modulus, and so of the signature.',
  );
  add(
    2,
    'metadata length',
    `${count(metadataLength)} bytes`,
    'How many bytes of metadata follow, padding included.',
  );
  add(
    8,
    'size',
    `${count(size)} bytes`,
    'The length of the plain bundle: the zip before it was sealed.',
  );
  add(
    32,
    'key id',
    hex(sealed.subarray(24, FIXED)),
    'SHA-256 of the public key that opens the bundle. An app with several keys selects the key by this id.',
  );
  const metadata = sealed.subarray(FIXED, FIXED + metadataLength);
  add(
    metadataLength,
    'metadata',
    new TextDecoder().decode(metadata).trim(),
    'JSON, padded with spaces. Anyone can read it. Only the private key can change it.',
  );
  const shownDigests = Math.min(chunks, SHOWN_DIGESTS);
  for (let chunk = 0; chunk < shownDigests; chunk++) {
    const offset = FIXED + metadataLength + DIGEST * chunk;
    add(
      DIGEST,
      `digest of chunk ${chunk}`,
      hex(sealed.subarray(offset, offset + DIGEST)),
      'SHA-256 of an encrypted chunk. The library compares the chunk with this digest before it decrypts the chunk.',
    );
  }
  if (chunks > shownDigests) {
    const rest = chunks - shownDigests;
    add(
      DIGEST * rest,
      `digests of ${count(rest)} more chunks`,
      '',
      'One SHA-256 for each further chunk.',
      SHOWN_BODY,
    );
  }
  add(
    signatureLength,
    'signature',
    '',
    'One RSA operation of the private key over the session key, the checksum of the plain bundle and the digest of everything above. The public key recovers the three values.',
  );
  const bodyLength = size + TAG * chunks;
  const first = Math.min(size, chunkSize);
  add(
    first,
    'ciphertext of chunk 0',
    '',
    'The first chunk of the zip, encrypted with AES-256-GCM under the session key.',
    Math.min(first, SHOWN_BODY),
  );
  add(TAG, 'tag of chunk 0', '', 'The GCM tag: it authenticates the chunk under the session key.');
  const rest = bodyLength - first - TAG;
  if (rest > 0)
    add(
      rest,
      `${count(chunks - 1)} more chunks`,
      '',
      'Ciphertext and tag of each further chunk.',
      Math.min(rest, SHOWN_BODY),
    );
  return fields.filter(({ length }) => length > 0);
}
