// @ts-check One call in a fresh process: node patch-child.js (create|apply) package folder older newer keyFile
// [patchFile]. Prints the peak of memory beyond its input, in bytes.

import { readFileSync } from 'node:fs';
import { applyPatch, createPatch } from '../dist/release.js';
import { filesOf, imageOf } from './pairs.js';
import { peak, resetPeak } from './peak.js';

const [purpose, name, folder, older, newer, keyFile, patchFile] = /** @type {any[]} */ (
  process.argv.slice(2)
);
const appId = 'com.example.app';
const key = readFileSync(keyFile, 'utf8');
const before = filesOf(name, folder, older);
const after = purpose === 'create' ? filesOf(name, folder, newer) : {};
const patch = purpose === 'apply' ? readFileSync(patchFile) : undefined;
globalThis.gc?.();
resetPeak();
const resting = process.memoryUsage.rss();
if (patch === undefined) {
  await createPatch(before, after, { privateKey: key, appId });
} else {
  await applyPatch(patch, before, { publicKey: key, appId });
}
console.log(JSON.stringify({ beyond: peak() - resting, images: imageOf(before).length }));
