// A patch is applied to another base: the host of the patches may swap them.

import { describe, expect, it } from 'vitest';
import { applyPatch, createPatch } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { AFTER, BEFORE, type Files, signing, trusting } from '../support/release.ts';
import { utf8 } from '../support/zip.ts';

const NEXT: Files = { ...AFTER, 'assets/new.css': utf8('body { color: green }') };
const first = await createPatch(BEFORE, AFTER, signing);
const second = await createPatch(AFTER, NEXT, signing);

/** The first file of the older release with one bit altered. */
const altered = (bytes: Uint8Array) => {
  const copy = bytes.slice();
  copy[0] = (copy[0] as number) ^ 1;
  return copy;
};

const OTHERS: readonly (readonly [string, Files])[] = [
  ['the release that the patch makes', AFTER],
  ['a later release', NEXT],
  ['a base with one bit altered', { ...BEFORE, 'index.html': altered(utf8('<!doctype html>')) }],
  ['a base of the same length with one bit altered', alter(BEFORE, 'assets/old.css')],
  ['a base with one file more', { ...BEFORE, 'z.js': utf8('') }],
  ['a base with one file less', without(BEFORE, 'assets/old.css')],
  ['a base with one file renamed', renamed(BEFORE, 'assets/old.css', 'assets/olf.css')],
  ['a base whose files are those of another path', swapped(BEFORE)],
];

function alter(files: Files, path: string): Files {
  return { ...files, [path]: altered(files[path] as Uint8Array) };
}
function without(files: Files, path: string): Files {
  return Object.fromEntries(Object.entries(files).filter(([name]) => name !== path));
}
function renamed(files: Files, path: string, to: string): Files {
  return { ...without(files, path), [to]: files[path] as Uint8Array };
}
function swapped(files: Files): Files {
  const svg = files['assets/logo.svg'] as Uint8Array;
  return { ...files, 'assets/logo.svg': files['index.html'] as Uint8Array, 'index.html': svg };
}

describe('a genuine patch', () => {
  it.each(OTHERS)('is refused on %s, and gives no file', async (_, from) => {
    const error = await rejection(applyPatch(first.bytes, from, trusting), 'ERR_PATCH_INVALID');
    expect(error.message).toContain('another release');
  });

  it('is refused on the base of another patch, and applies to its own base', async () => {
    await rejection(applyPatch(second.bytes, BEFORE, trusting), 'ERR_PATCH_INVALID');
    const between = await applyPatch(first.bytes, BEFORE, trusting);
    expect(Object.fromEntries(await applyPatch(second.bytes, between, trusting))).toEqual(NEXT);
  });

  it('is refused on a base that grows while it is read', async () => {
    const endless = {
      ...BEFORE,
      'assets/old.css': () =>
        new ReadableStream<Uint8Array>({
          pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
        }),
    };
    await rejection(applyPatch(first.bytes, endless, trusting), 'ERR_PATCH_INVALID');
  });
});
