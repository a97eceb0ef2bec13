// @ts-check The app of the job: the same files on every machine. Their contents are parts of a real app that the
// project's lock file pins, and their names, lengths and folders come from a generator with a fixed seed.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../node_modules/@mxtommy/kip/public', import.meta.url));

// Kinds of files that deflate makes smaller, and kinds that are compressed already.
const TEXTS = ['.js', '.css', '.html', '.svg', '.json'];
const MEDIA = ['.png', '.jpg', '.woff2', '.mp3'];
// Of 100 files. Scripts are most of the bytes of a built web app.
const SHARES = { '.js': 62, '.css': 9, '.svg': 7, '.json': 6, '.html': 3, '.png': 8, '.jpg': 5 };
// The longest file in bytes.
const LONGEST = 8_000_000;
// The longest files have 2^DOUBLINGS times the length of the shortest.
const DOUBLINGS = 9;
const PER_FOLDER = 24;

export const MB = 1e6;
export const SMALL_APP = { size: 5 * MB, count: 143 };
export const APP = { size: 39 * MB, count: 777 };

/** @typedef {{ folder: string, size: number, count: number }} App */

/**
 * Writes an app of `count` files with `size` bytes in all.
 *
 * @param {string} folder @param {{ size: number, count: number }} wanted
 * @returns {App}
 */
export function makeApp(folder, { size, count }) {
  const next = generator(1);
  const texts = contentsOf(TEXTS);
  const media = contentsOf(MEDIA);
  const start = Buffer.from('<script src="app.js"></script>\n');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.html'), start);
  const weights = Array.from({ length: count - 1 }, () => (1 + next()) * 2 ** doublings(next));
  const unit = (size - start.length) / weights.reduce((sum, weight) => sum + weight, 0);
  let written = start.length;
  weights.forEach((weight, index) => {
    const isLast = index === weights.length - 1;
    const length = isLast ? size - written : Math.min(LONGEST, Math.round(weight * unit));
    const kind = kindOf(next);
    const from = MEDIA.includes(kind) ? media : texts;
    const path = join(folder, placeOf(index, next), `${moduleOf(next)}${kind}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, cut(from, Math.floor(next() * from.length), length));
    written += length;
  });
  return { folder, size: written, count };
}

/** @param {{ size: number, count: number }} app */
export const nameOf = ({ size, count }) => `${Math.round(size / MB)} MB in ${count} files`;

/** The files of a folder in memory, by path. @param {string} folder @returns {Record<string, Uint8Array>} */
export function filesIn(folder) {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    paths
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [path, new Uint8Array(readFileSync(join(folder, path)))]),
  );
}

/** All files of some kinds, one after the other in the order of their paths. @param {string[]} kinds */
function contentsOf(kinds) {
  const paths = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => kinds.includes(extname(path))).sort();
  return Buffer.concat(files.map((path) => readFileSync(join(SOURCE, path))));
}

/** Begins again at the end of the content. @param {Buffer} content @param {number} at @param {number} length */
function cut(content, at, length) {
  const parts = [];
  for (let from = at, left = length; left > 0; from = 0) {
    const part = content.subarray(from, from + left);
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts);
}

/** Half of the files have the shortest length, a quarter twice as much, and so on. @param {() => number} next */
function doublings(next) {
  let number = 0;
  while (number < DOUBLINGS && next() < 0.6) number += 1;
  return number;
}

/** @param {() => number} next */
function kindOf(next) {
  let left = next() * 100;
  for (const [kind, share] of Object.entries(SHARES)) {
    left -= share;
    if (left < 0) return kind;
  }
  return '.js';
}

/** @param {number} index @param {() => number} next */
function placeOf(index, next) {
  const number = Math.floor(index / PER_FOLDER);
  const parts = ['assets', `chunk-${number % 64}`, `part-${number}`];
  return parts.slice(0, 1 + Math.floor(next() * 3)).join('/');
}

/** @param {() => number} next */
const moduleOf = (next) =>
  `module-${Math.floor(next() * 2 ** 32).toString(36)}${Math.floor(next() * 2 ** 32).toString(36)}`;

/**
 * Numbers from 0 to below 1, the same in every runtime (mulberry32).
 *
 * @param {number} seed
 */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
