// The output of a bundler: which files an app loads at once, their content, and whether the app runs.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../runtimes/command.js';

const STATIC_IMPORT = /(?:import|from)\s*["'](\.\/[^"']+)["']/g;
// Statements, and calls that a bundler left: not the text of the second thread, which is a string in single quotes.
const NODE_MODULE =
  /(?:from|import|require\()\s*"(node:[^"]+|fs|crypto|zlib|path|os|stream|buffer|worker_threads)"|from '(node:[^']+)'/;

/** In the pure JavaScript of the fallback and nowhere else. */
const FALLBACK = 'aes/gcm: invalid nonce length';

/** @param {string} folder @param {string} entry */
export async function readOutput(folder, entry) {
  const texts = new Map();
  for (const name of await readdir(folder, { recursive: true })) {
    if (name.endsWith('.js')) texts.set(name, await readFile(join(folder, name), 'utf8'));
  }
  const eager = new Set([entry]);
  for (const name of eager) {
    const text = texts.get(name);
    if (text === undefined) throw new Error(`${name} is imported and is not there`);
    for (const [, path] of text.matchAll(STATIC_IMPORT)) eager.add(path.slice(2));
  }
  return { texts, eager: new Map([...eager].map((name) => [name, texts.get(name)])) };
}

/** @param {Map<string, string>} texts */
export function refuseNodeModules(texts) {
  for (const [name, text] of texts) {
    const [found] = NODE_MODULE.exec(text) ?? [];
    if (found !== undefined) throw new Error(`${name} imports a module of Node's: ${found}`);
  }
}

/** The fallback has to be somewhere, and loaded later. */
export function expectLazyFallback({ texts, eager }) {
  const holds = (files) => [...files.values()].some((text) => text.includes(FALLBACK));
  if (!holds(texts)) throw new Error('the pure fallback is nowhere');
  if (holds(eager)) throw new Error('the pure fallback is loaded at once');
}

/** @param {string} folder @param {string} entry */
export async function expectWorks(folder, entry) {
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const printed = await command(process.execPath, [join(folder, entry)], folder);
  if (!printed.includes('WORKS')) throw new Error(`it does not work: ${printed.slice(-1000)}`);
}
