// Releases for the tests, and their patches.

import { applyPatch, type BackendChoice, createPatch } from '../../src/release.ts';
import { keyB } from './vectors.ts';
import { textOf, utf8 } from './zip.ts';

export type Files = Readonly<Record<string, Uint8Array>>;

export const APP = 'com.example.app';

export const signing: { readonly privateKey: string; readonly appId: string } = {
  privateKey: keyB.pkcs8,
  appId: APP,
};
export const trusting: { readonly publicKey: string; readonly appId: string } = {
  publicKey: keyB.spki,
  appId: APP,
};

/** A build and the next one, with a changed line, a renamed file, an added and a removed file. */
export const BEFORE: Files = {
  'index.html': utf8('<!doctype html><script src="assets/index-a1b2.js"></script>'),
  'assets/index-a1b2.js': textOf(60_000),
  'assets/logo.svg': utf8('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  'assets/old.css': utf8('body { color: red }'),
};
export const AFTER: Files = {
  'index.html': utf8('<!doctype html><script src="assets/index-c3d4.js"></script>'),
  'assets/index-c3d4.js': (() => {
    const bytes = textOf(60_000).slice();
    bytes.set(utf8('/* changed */'), 30_000);
    return bytes;
  })(),
  'assets/logo.svg': utf8('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  'assets/new.css': utf8('body { color: blue }'),
};

export async function patched(
  before: Files,
  after: Files,
  backend: BackendChoice = 'auto',
): Promise<Record<string, Uint8Array>> {
  const { bytes } = await createPatch(before, after, { ...signing, backend });
  return Object.fromEntries(await applyPatch(bytes, before, { ...trusting, backend }));
}
