// Tests of a reader that was written from docs/format.md alone: it opens the bundles of this library. It refuses a bundle
// with the same code as this library.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encryptBundle, resealBundle } from '../../src/index.ts';
import { bytesOf } from './bytes.ts';
import { derOf } from './keys.ts';
import { base64, keyA, keyB, vectors } from './vectors.ts';

export interface BundleReader {
  /** A folder for the files of a run. */
  folder(): string;
  /**
   * Runs the reader. It writes a verified bundle to the path of the sealed one with ".zip" behind it.
   *
   * @param key - The path of the public key in DER.
   * @param paths - The paths of sealed bundles.
   * @returns For each bundle its metadata in JSON, an empty line for none, or the code of the error.
   */
  run(key: string, paths: readonly string[]): readonly string[];
}

/** The reader's verdict on each bundle, and the plain bundle if it opened it. */
function open(reader: BundleReader, publicKey: string, bundles: readonly Uint8Array[]) {
  const folder = reader.folder();
  const key = join(folder, 'key');
  writeFileSync(key, derOf(publicKey));
  const paths = bundles.map((bytes, i) => {
    const path = join(folder, `bundle-${i}`);
    writeFileSync(path, bytes);
    rmSync(`${path}.zip`, { force: true });
    return path;
  });
  const lines = reader.run(key, paths);
  return paths.map((path, i) => {
    expect(existsSync(`${path}.zip.part`)).toBe(false);
    const plain = existsSync(`${path}.zip`) ? readFileSync(`${path}.zip`) : undefined;
    return { line: lines[i], plain };
  });
}

/** Defines the tests of a reader, for the body of a `describe`. */
export function testBundleReader(reader: BundleReader): void {
  it.each(['a', 'b'] as const)('opens every good vector of key %s', (name) => {
    const good = vectors.good.filter(({ key }) => key === name);
    const opened = open(
      reader,
      vectors.keys[name].spki,
      good.map(({ sealed }) => base64(sealed)),
    );
    expect(opened).toHaveLength(good.length);
    for (const [i, { plain, metadata, description }] of good.entries()) {
      expect(opened[i]?.plain?.toString('base64'), description).toBe(plain);
      const said = opened[i]?.line === '' ? undefined : JSON.parse(opened[i]?.line as string);
      expect(said, description).toEqual(metadata);
    }
  });

  it.each(['a', 'b'] as const)('refuses every bad vector of key %s by its code', (name) => {
    const bad = vectors.bad.filter(({ key }) => key === name);
    const opened = open(
      reader,
      vectors.keys[name].spki,
      bad.map(({ sealed }) => base64(sealed)),
    );
    for (const [i, { code, description }] of bad.entries()) {
      expect(opened[i], description).toEqual({ line: code, plain: undefined });
    }
  });

  it('opens bundles of this library with default and smallest chunks, and resealed ones', async () => {
    const metadata = { appId: 'com.example.app', sequence: 7, note: 'Grüße 🎁' };
    const plain = bytesOf(1_000_003);
    const seal = async (chunkSize: number, privateKey: string) =>
      (await encryptBundle(plain, { privateKey, metadata, chunkSize })).bytes;
    const bundles = [
      await seal(262_144, keyA.pkcs8),
      await seal(4096, keyA.pkcs8),
      await resealBundle(await seal(4096, keyB.pkcs8), {
        publicKey: keyB.spki,
        privateKey: keyA.pkcs8,
      }),
    ];
    for (const { line, plain: opened } of open(reader, keyA.spki, bundles)) {
      expect(JSON.parse(line as string)).toMatchObject({ appId: 'com.example.app', sequence: 7 });
      expect(opened?.equals(plain)).toBe(true);
    }
  });

  it('refuses each bundle after any bit is changed', async () => {
    const { bytes } = await encryptBundle(bytesOf(9000), {
      privateKey: keyB.pkcs8,
      chunkSize: 4096,
      metadata: { sequence: 7 },
    });
    const altered = Array.from({ length: 60 }, (_, i) => {
      const copy = bytes.slice();
      const at = Math.floor((i * (bytes.length - 1)) / 59);
      copy[at] = (copy[at] as number) ^ (1 << (i % 8));
      return copy;
    });
    const [genuine, ...rest] = open(reader, keyB.spki, [bytes, ...altered]);
    expect(genuine?.plain).toHaveLength(9000);
    for (const { line, plain } of rest) {
      expect(line).toMatch(/^ERR_[A-Z_]+$/);
      expect(plain).toBeUndefined();
    }
  });
}
