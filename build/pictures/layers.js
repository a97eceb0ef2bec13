// @ts-check Draws the floors of src/, from .dependency-cruiser.js. Imports go down only.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FLOORS } from '../../.dependency-cruiser.js';
import { line, rect, svg, text } from './svg.js';

/** @typedef {import('./svg.js').Theme} Theme */

const SRC = join(import.meta.dirname, '../../src');
/** A short description of each folder. */
const WORDS = /** @type {Record<string, string>} */ ({
  'cli/': 'the command line',
  'vite/': 'the plugin for Vite and Rollup',
  'update-node/': 'stores of a device in folders',
  'update/': 'check, download, install, try and roll back on a device',
  'publish/': "the publisher's store of releases",
  'release/': 'releases, indexes, lists of keys, patches',
  'capgo/': "Capgo's encryption and manifests",
  'files/': 'files and folders on Node',
  'archive/': 'zips, read and written',
  'bundle/': 'encrypts, decrypts and reads bundles in memory and streams',
  'sources/': 'bytes from memory, blobs, streams and HTTP',
  'seal/': 'the signature of a header',
  'keys/': 'key generation, parsing and checks',
  'backend/': 'AES, SHA-256, RSA and randomness of Node, WebCrypto and JavaScript',
  'format/': 'the bytes of a sealed bundle, without cryptography',
});
const ROW = 30;
const WIDTH = 900;

export const ALT = `The layers of the source from the top down: ${rows().join('; ')}. Each imports only layers below it.`;

/** The rows from the top down. A folder has a row of its own; adjacent files share one. */
export function rows() {
  /** @type {string[][]} */
  const found = [];
  let wasFile = false;
  for (const floor of FLOORS) {
    const isFile = !existsSync(join(SRC, floor, '.'));
    if (isFile && wasFile) found.at(-1)?.push(floor);
    else found.push([isFile ? floor : `${floor}/`]);
    wasFile = isFile;
  }
  return found.reverse().map((names) => names.join(', '));
}

/** @param {Theme} theme */
export function drawLayers(theme) {
  const layers = rows();
  const height = 24 + layers.length * ROW + 8;
  const body = layers.flatMap((names, i) => {
    const y = 16 + i * ROW;
    const isFolder = names.endsWith('/');
    return [
      rect(16, y, WIDTH - 110, ROW - 6, {
        fill: isFolder ? theme.box : theme.panel,
        stroke: isFolder ? theme.ours : theme.line,
      }),
      text(30, y + 16.5, names, theme.text, { weight: isFolder ? 600 : 400 }),
      text(160, y + 16.5, WORDS[names] ?? '', theme.muted),
    ];
  });
  body.push(
    line(
      [
        [WIDTH - 66, 24],
        [WIDTH - 66, height - 24],
      ],
      theme.line,
    ),
    text(WIDTH - 54, height / 2, ['imports', 'go down'], theme.muted, { size: 12 }),
  );
  return svg({
    width: WIDTH,
    height,
    title: 'The layers of the code',
    description: ALT,
    theme,
    body,
  });
}
