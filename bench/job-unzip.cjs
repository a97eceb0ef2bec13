// @ts-check The least Node program that unzips a folder: node job-unzip.cjs ZIP FOLDER. It checks nothing, so its time
// is the limit of what any program on Node can reach. CommonJS, which Node loads sooner than a module.

const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { inflateRawSync } = require('node:zlib');

const [, , from = '', to = ''] = process.argv;
const zip = readFileSync(from);
const made = new Set();
const end = zip.length - 22;
const count = zip.readUInt16LE(end + 10);
for (let i = 0, at = zip.readUInt32LE(end + 16); i < count; i++) {
  const method = zip.readUInt16LE(at + 10);
  const length = zip.readUInt32LE(at + 20);
  const nameLength = zip.readUInt16LE(at + 28);
  const local = zip.readUInt32LE(at + 42);
  const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
  at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  if (name.endsWith('/')) continue;
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const data = zip.subarray(start, start + length);
  const place = join(to, name);
  if (!made.has(dirname(place))) mkdirSync(dirname(place), { recursive: true });
  made.add(dirname(place));
  writeFileSync(place, method === 0 ? data : inflateRawSync(data));
}
