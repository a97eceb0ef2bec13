// The files of a folder in memory, by the rules of zipDirectory.

import { symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ReadDirectoryOptions, readDirectory } from '../../../src/files/read-directory.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { expectSame, writeFiles } from '../../support/folder-files.ts';
import { rsa2048Pkcs8 } from '../../support/keys.ts';
import { useFolder } from '../../support/use-folder.ts';
import { utf8 } from '../../support/zip.ts';

const { at } = useFolder();
const files = {
  'a.js': bytesOf(300_000),
  'a.js.map': utf8('{}'),
  'deep/b.txt': utf8(''),
  c: utf8('c'),
};

const read = async (options: ReadDirectoryOptions = {}) =>
  Object.fromEntries(await readDirectory(at('site'), options));

describe('the files of a folder', () => {
  it('are read with their paths, without those that are left out', async () => {
    writeFiles(at('site'), { ...files, '.DS_Store': utf8('x') });
    expectSame(await read(), files);
    const { 'a.js.map': _, ...unmapped } = files;
    expectSame(await read({ sourceMaps: false }), unmapped);
    expectSame(await read({ ignore: ['deep', '*.js*'] }), { c: files.c });
  });

  it('are read from the folder that a link leads to, and from no other', async () => {
    writeFiles(at('site'), files);
    symlinkSync('site', at('link'));
    expectSame(Object.fromEntries(await readDirectory(at('link'), {})), files);
    symlinkSync('c', at('site/d'));
    expect((await rejection(read(), 'ERR_ARCHIVE_INVALID')).path).toBe('d');
    expectSame(await read({ links: 'skip' }), files);
    expect((await rejection(readDirectory(at('site/c'), {}), 'ERR_FILE')).message).toContain(
      'is no folder: pass the path of the folder that the files are in',
    );
  });

  it('include no private key, unless it is allowed', async () => {
    const withKey = { ...files, 'deep/notes.txt': utf8(rsa2048Pkcs8) };
    writeFiles(at('site'), withKey);
    const error = await rejection(read(), 'ERR_ARCHIVE_INVALID');
    expect(error.path).toBe('deep/notes.txt');
    expect(error.message).toContain("if it is meant to be published, pass privateKeys: 'allow'");
    expectSame(await read({ privateKeys: 'allow' }), withKey);
  });

  it.each<[ReadDirectoryOptions, ReadDirectoryOptions]>([
    [{ maxEntries: 3 }, { maxEntries: 4 }],
    [{ maxFileSize: 299_999 }, { maxFileSize: 300_000 }],
    [{ maxTotalSize: 300_002 }, { maxTotalSize: 300_003 }],
  ])('are refused under the limit %j, and read under %j', async (less, enough) => {
    writeFiles(at('site'), files);
    await rejection(read(less), 'ERR_LIMIT_EXCEEDED');
    expectSame(await read(enough), files);
  });

  it('are not read after an abort', async () => {
    writeFiles(at('site'), files);
    const reason = new Error('enough');
    await expect(read({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('are refused if one of them changes after it was listed', async () => {
    writeFiles(at('site'), files);
    const { signal } = new AbortController();
    // The call asks for an abort between the listing and the reading of each file.
    signal.throwIfAborted = () => writeFileSync(at('site/a.js'), 'changed');
    const error = await rejection(read({ signal }), 'ERR_FILE');
    expect(error.path).toBe(at('site/a.js'));
    expect(error.message).toContain('was changed while its folder was read');
  });
});
