// Writes the worked examples of docs/format.md, from the vectors of the format and node:crypto only:
//
//   node build/format-examples.js

import { constants, createDecipheriv, createHash, publicDecrypt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBlock } from './generated.js';

const ROOT = join(import.meta.dirname, '..');
const PAGE = new URL('../docs/format.md', import.meta.url);

const vectors = JSON.parse(readFileSync(join(ROOT, 'test/vectors/sealed-v2.json'), 'utf8'));
const vectorOf = (description) => {
  const found = vectors.good.find((each) => each.description === description);
  if (found === undefined) throw new Error(`there is no vector "${description}"`);
  return found;
};

const hex = (bytes) => bytes.toString('hex').replace(/..(?=.)/g, '$& ');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const fenced = (lines) => ['```text', ...lines.map((line) => line.trimEnd()), '```'].join('\n');

function same(left, right, what) {
  if (!left.equals(right)) throw new Error(`the vector disagrees with the format: ${what}`);
}

/** Computes the places of a sealed bundle's fields, its recovered block and its opened chunks. */
function take(vector) {
  const sealed = Buffer.from(vector.sealed, 'base64');
  const chunkSize = 2 ** sealed[10];
  const k = sealed.readUInt16BE(12);
  const m = sealed.readUInt16BE(14);
  const size = Number(sealed.readBigUInt64BE(16));
  const count = Math.max(1, Math.ceil(size / chunkSize));
  const head = 56 + m + 32 * count;
  const block = publicDecrypt(
    { key: vectors.keys[vector.key].spki, padding: constants.RSA_NO_PADDING },
    sealed.subarray(head, head + k),
  );
  const payload = block.subarray(-104);
  const sessionKey = payload.subarray(8, 40);
  same(payload.subarray(72), sha256(sealed.subarray(0, head)), 'the digest of the head');
  const body = sealed.subarray(head + k);
  const chunks = Array.from({ length: count }, (_, i) => {
    const start = i * (chunkSize + 16);
    const length = Math.min(chunkSize, size - i * chunkSize);
    const chunk = body.subarray(start, start + length + 16);
    same(sha256(chunk), sealed.subarray(56 + m + 32 * i, 56 + m + 32 * (i + 1)), `digest ${i}`);
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(i, 7);
    nonce[11] = i === count - 1 ? 1 : 0;
    const cipher = createDecipheriv('aes-256-gcm', sessionKey, nonce, { authTagLength: 16 });
    cipher.setAuthTag(chunk.subarray(length));
    const plain = Buffer.concat([cipher.update(chunk.subarray(0, length)), cipher.final()]);
    return { nonce, plain };
  });
  const plain = Buffer.concat(chunks.map((chunk) => chunk.plain));
  same(plain, Buffer.from(vector.plain, 'base64'), 'the plain bundle');
  same(sha256(plain), payload.subarray(40, 72), 'the checksum');
  return { sealed, chunkSize, k, m, size, head, block, payload, body, chunks };
}

/** Makes the table with the edges of the chunk arithmetic. */
export function edges() {
  const rows = [
    'size | N | plain bytes of each chunk | ends of the nonces | header | body',
    '--- | --- | --- | --- | --- | ---',
  ];
  for (const description of [
    '0 bytes, chunk 4096, key b',
    '4096 bytes, chunk 4096, key b, metadata',
    '4097 bytes, chunk 4096, key a, metadata',
    '8192 bytes, chunk 4096, key b, metadata',
  ]) {
    const { size, k, m, head, body, chunks } = take(vectorOf(description));
    const lengths = chunks.map(({ plain }) => plain.length).join(', ');
    const nonces = chunks.map(({ nonce }) => `\`…${nonce.toString('hex').slice(-4)}\``).join(', ');
    const header = `56 + ${m} + 32 · ${chunks.length} + ${k} = ${head + k}`;
    const length = `${size} + 16 · ${chunks.length} = ${body.length}`;
    rows.push([size, chunks.length, lengths, nonces, header, length].join(' | '));
  }
  const cells = rows.map((row) => row.split(' | '));
  const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  return cells
    .map((row, y) =>
      row.map((cell, i) => (y === 1 ? '-'.repeat(widths[i]) : cell.padEnd(widths[i]))).join(' | '),
    )
    .map((row) => `| ${row} |`)
    .join('\n');
}

/** Makes the dump of a small sealed bundle, its recovered block and its opened chunk. */
export function dump() {
  const { sealed, m, k, head, block, payload, body, chunks } = take(
    vectorOf('16 bytes, chunk 4096, key b, metadata'),
  );
  const lines = [`${'offset'.padEnd(8)}${'bytes'.padEnd(49)}field`];
  const show = (bytes, start, what) => {
    for (let i = 0; i < bytes.length; i += 16) {
      const row = hex(bytes.subarray(i, i + 16)).padEnd(48);
      lines.push(
        `${(start + i).toString(16).padStart(4, '0').padEnd(8)}${row} ${i === 0 ? what : ''}`,
      );
    }
  };
  let at = 0;
  const field = (length, what) => {
    show(sealed.subarray(at, at + length), at, what);
    at += length;
  };
  field(8, 'magic "BNDLSEAL"');
  field(1, 'version 2');
  field(1, 'suite 1');
  field(1, 'chunk exponent 12: C = 4,096');
  field(1, 'kind 0: a bundle');
  field(2, `signature length k = ${k}`);
  field(2, `metadata length M = ${m}`);
  field(8, 'size 16, so N = 1');
  field(32, 'key id');
  field(m, 'metadata, padded with spaces');
  field(32, 'digest of encrypted chunk 0');
  field(k, 'signature');
  field(body.length - 16, 'body: ciphertext of chunk 0');
  field(16, 'GCM tag of chunk 0');
  if (at !== sealed.length) throw new Error('the dump leaves bytes out');

  lines.push(
    '',
    `metadata: ${sealed
      .subarray(56, 56 + m)
      .toString('utf8')
      .trimEnd()}`,
    '',
  );
  lines.push(`signature^e mod n, ${k} bytes:`, '');
  lines.push(`${'0000'.padEnd(8)}${hex(block.subarray(0, 2)).padEnd(48)} block type 1`);
  lines.push(`${'0002'.padEnd(8)}${'ff … ff'.padEnd(48)} ${k - 107} times`);
  if (!block.subarray(2, k - 105).every((byte) => byte === 0xff)) throw new Error('padding');
  show(block.subarray(k - 105, k - 104), k - 105, 'end of the padding');
  show(payload.subarray(0, 8), k - 104, 'tag "BNDLSEAL"');
  show(payload.subarray(8, 40), k - 96, 'session key');
  show(payload.subarray(40, 72), k - 64, 'checksum: SHA-256 of the plain bundle');
  show(
    payload.subarray(72),
    k - 32,
    `SHA-256 of the head, bytes 0000 to ${(head - 1).toString(16).padStart(4, '0')}`,
  );
  lines.push('', 'chunk 0, opened with the session key:', '');
  lines.push(`nonce   ${hex(chunks[0].nonce)}`, `plain   ${hex(chunks[0].plain)}`);
  return fenced(lines);
}

if (process.argv[1] === import.meta.filename) {
  writeBlock(PAGE, 'edges', edges());
  writeBlock(PAGE, 'dump', dump());
}
