// Stores for the tests: a folder, builds to publish, and a device that installs the offered releases.

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { decryptBundle } from '../../src/index.ts';
import { type ChannelOptions, type PublishOptions, publishRelease } from '../../src/node.ts';
import { applyPatch, openIndex, type ReleaseIndex, releaseId } from '../../src/release.ts';
import { unzipBundle } from '../../src/zip.ts';
import type { Files } from './release.ts';
import { keyB } from './vectors.ts';
import { textOf, utf8 } from './zip.ts';

export const APP = 'com.example.app';
export const publicKey: string = keyB.spki;
export const privateKey: string = keyB.pkcs8;
/** A clock that stands still. */
export const NOW: Date = new Date('2026-11-26T09:00:00Z');

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bundleseal-store-'));
  folders.push(folder);
  return folder;
}

/** The files of the n-th build of an app: one line differs, and with it the names of files. */
export function buildOf(n: number): Files {
  const script = textOf(20_000).slice();
  script.set(utf8(`/* build ${n} */`), 10_000);
  return {
    'index.html': utf8(`<!doctype html><script src="assets/index-${n}.js"></script>`),
    [`assets/index-${n}.js`]: script,
    'assets/logo.svg': utf8('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  };
}

export async function writeBuild(files: Files): Promise<string> {
  const folder = newFolder();
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

export function channelOf(
  store: string,
  rest: Partial<ChannelOptions> = {},
): Pick<ChannelOptions, 'store' | 'channel' | 'privateKey' | 'appId' | 'now'> & typeof rest {
  return { store, channel: 'production', privateKey, appId: APP, now: NOW, ...rest };
}

/** Publishes the n-th build as version `1.0.n`. */
export async function publishBuild(
  store: string,
  n: number,
  rest: Partial<PublishOptions> = {},
): ReturnType<typeof publishRelease> {
  const dir = await writeBuild(buildOf(n));
  return publishRelease(dir, { ...channelOf(store), version: `1.0.${n}`, ...rest });
}

export function indexBytes(store: string, channel = 'production'): Buffer {
  return readFileSync(join(store, 'channels', `${channel}.sealed`));
}

/** Opens the index as a device does. */
export function readIndexOf(
  store: string,
  channel = 'production',
  now: Date = NOW,
): Promise<ReleaseIndex> {
  return openIndex(indexBytes(store, channel), { publicKey, appId: APP, channel, now });
}

export function objectsOf(store: string): string[] {
  const folder = join(store, 'objects');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/**
 * Installs every offered release and applies every patch, as devices do. Fails if a named object is missing.
 */
export async function expectWholeStore(
  store: string,
  channel = 'production',
  now: Date = NOW,
): Promise<ReleaseIndex> {
  const index = await readIndexOf(store, channel, now);
  const read = (sha256: string, size: number) => {
    const bytes = readFileSync(join(store, 'objects', `${sha256}.sealed`));
    expect(bytes.length).toBe(size);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    return bytes;
  };
  const unpacked = new Map<string, Map<string, Uint8Array>>();
  for (const { id, bundle } of index.releases) {
    const zip = await decryptBundle(read(bundle.sha256, bundle.size), {
      publicKey,
      expect: { appId: APP },
    });
    const files = await unzipBundle(zip);
    expect(await releaseId(files)).toBe(id);
    unpacked.set(id, files);
  }
  for (const { id, patches } of index.releases) {
    for (const patch of patches) {
      const bytes = read(patch.sha256, patch.size);
      const base = unpacked.get(patch.from);
      if (base === undefined) continue;
      const made = await applyPatch(bytes, base, { publicKey, appId: APP });
      expect(await releaseId(made)).toBe(id);
    }
  }
  return index;
}
