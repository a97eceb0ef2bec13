import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { type ReleaseFiles, releaseId } from '../../../src/release.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { PREFERRED_BACKENDS } from '../../support/scope.ts';
import { utf8 } from '../../support/zip.ts';

// What the shell line of docs/releases.md prints for these files.
const FILES = {
  'index.html': utf8('<!doctype html>'),
  'assets/app.js': utf8('console.log(1)'),
  'assets/empty': utf8(''),
};
const ID = '9949c739a6c2a7bc69ef31260020fb1adb1146ce8bf061b8a00ec833d76a8016';

describe.each(PREFERRED_BACKENDS)('the id of a release, through %s', (backend) => {
  it('equals the result of sha256sum', async () => {
    expect(await releaseId(FILES, { backend })).toBe(ID);
  });

  it('is equal for a file of several MiB in every form', async () => {
    const large = bytesOf(2_500_000);
    const ids = await Promise.all(
      [
        large,
        large.slice().buffer,
        new Blob([large as BlobPart]),
        () => new Blob([large as BlobPart]).stream(),
      ].map((data) => releaseId({ 'a.bin': data as Uint8Array }, { backend })),
    );
    const line = `${await sha256(large)}  a.bin\n`;
    expect(new Set(ids)).toEqual(new Set([await sha256(utf8(line))]));
  });
});

async function sha256(bytes: Uint8Array): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes))));
}

describe('the id of a release', () => {
  it('does not depend on the order or the form of the collection', async () => {
    const entries = Object.entries(FILES).reverse();
    expect(await releaseId(new Map(entries))).toBe(ID);
    expect(await releaseId(entries.map(([path, data]) => ({ path, data })))).toBe(ID);
    const later = async function* () {
      for (const [path, data] of entries) yield { path, data: () => new Blob([data]) };
    };
    expect(await releaseId(later())).toBe(ID);
  });

  it('leaves out the stamp in the root, and no other file of that name', async () => {
    const stamp = utf8('{}');
    expect(await releaseId({ ...FILES, 'bundleseal-release.json': stamp })).toBe(ID);
    expect(await releaseId({ ...FILES, 'assets/bundleseal-release.json': stamp })).not.toBe(ID);
  });

  it('depends on every path and every byte', async () => {
    const ids = await Promise.all(
      [
        FILES,
        { ...FILES, 'index.html': utf8('<!doctype htmL>') },
        { ...FILES, more: utf8('') },
        { 'index.htm': FILES['index.html'], 'assets/app.js': FILES['assets/app.js'] },
      ].map((files) => releaseId(files as ReleaseFiles)),
    );
    expect(new Set(ids).size).toBe(4);
  });

  it('of a large file in memory is computed in steps, between which an abort can end the work', async () => {
    const backend = 'noble';
    // Loads the backend, so that the abort comes while the file is hashed.
    await releaseId(FILES, { backend });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 0);
    const files = { 'a.bin': new Uint8Array(2 ** 25) };
    const work = releaseId(files, { backend, signal: stop.signal });
    await expect(work).rejects.toThrow('enough');
  });

  it('sorts by the bytes of UTF-8 and not by the units of UTF-16', async () => {
    // U+FF5E sorts before U+1F600 in UTF-8, and behind it in UTF-16.
    const files = { '\u{1f600}': utf8('a'), '\uff5e': utf8('b') };
    expect(await releaseId(files)).toBe(
      '1ad13c2220437f2805a7a5543b45dac3562d3db7f5b8f3e3f4a0a1eeee182057',
    );
  });
});

const ONE = utf8('x');
const REFUSED: readonly (readonly [string, Readonly<Record<string, Uint8Array>>, RegExp])[] = [
  ['no file at all', {}, /has no files/],
  ['a stamp and nothing else', { 'bundleseal-release.json': ONE }, /has no files/],
  ['a path that is not NFC', { 'cafe\u0301.js': ONE }, /NFC/],
  ['a path of over 1,024 bytes', { [`${'a/'.repeat(40)}${'\u00e9/'.repeat(400)}b`]: ONE }, /./],
  ['a path of 1,025 bytes', { [`${`${'a'.repeat(255)}/`.repeat(4)}b`]: ONE }, /1024 bytes/],
  ['a backslash', { 'a\\b': ONE }, /backslash/],
  ['a control character', { 'a\nb': ONE }, /control/],
  ['U+007F', { 'a\x7fb': ONE }, /control/],
  ['half of a surrogate pair', { 'a\ud800': ONE }, /surrogate/],
  ['a path that climbs out', { '../a': ONE }, /climbs/],
  ['an absolute path', { '/a': ONE }, /absolute/],
  ['the name of a device of Windows', { 'aux.js': ONE }, /device/],
  ['a path that is a folder of another', { a: ONE, 'a/b': ONE }, /file/],
  ['two paths that differ in case alone', { 'A.js': ONE, 'a.js': ONE }, /one file/],
  ['two paths that full case folding makes one', { 'stra\u00dfe': ONE, STRASSE: ONE }, /one file/],
  ['the name of the stamp in other case', { 'Bundleseal-Release.json': ONE }, /stamp/],
  ['a folder in the place of the stamp', { 'bundleseal-release.json/a': ONE }, /stamp/],
];

describe('a release', () => {
  it.each(REFUSED)('may not have %s', async (_, files, said) => {
    const error = await rejection(releaseId(files), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(said);
  });

  it('may have a path of 1,024 bytes', async () => {
    const path = `${`${'a'.repeat(255)}/`.repeat(3)}${'b'.repeat(256 - 4)}/ccc`;
    expect(utf8(path).length).toBe(1024);
    expect(await releaseId({ [path]: ONE })).toMatch(/^[0-9a-f]{64}$/);
  });

  it('with unknown options or without files is refused', async () => {
    await expect(releaseId(FILES, { signals: 1 } as never)).rejects.toThrow(/"signals"/);
    await expect(releaseId(ONE as never)).rejects.toThrow(TypeError);
    await expect(releaseId({ a: 1 as never })).rejects.toThrow(TypeError);
  });

  it('cancels its streams if it is refused', async () => {
    const cancelled: string[] = [];
    const stream = (name: string) =>
      new ReadableStream<Uint8Array>({ cancel: () => void cancelled.push(name) });
    await rejection(releaseId({ a: stream('a'), 'b\\': stream('b') }), 'ERR_ARCHIVE_INVALID');
    expect(cancelled.sort()).toEqual(['a', 'b']);
  });

  it('is read until the signal aborts, and then its streams are cancelled', async () => {
    let isCancelled = false;
    const never = new ReadableStream<Uint8Array>({
      cancel: () => {
        isCancelled = true;
      },
    });
    const stop = new AbortController();
    const reading = releaseId({ a: never }, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 5);
    await expect(reading).rejects.toThrow('enough');
    expect(isCancelled).toBe(true);
  });
});
