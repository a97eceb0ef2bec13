// What the calls on files say about inputs that change, and about places that they cannot use.

import { appendFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { openInputFile } from '../../../src/files/input-file.ts';
import { replaceFile } from '../../../src/files/replace.ts';
import { fillUnnamed } from '../../../src/files/spool-input.ts';
import { encryptFile, fileSource, unzipFile } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { onFileSystem, temporaries } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';

const { here, at, put } = useFolder();
const failing = (code: string) => Object.assign(new Error(code), { code });
const shown = (name: string) => JSON.stringify(at(name));

describe('a source', () => {
  it.each([
    [5, 6, 'offset', 5],
    [-1, 3, 'offset', -1],
    [0, -1, 'length', -1],
    [0, 1.5, 'length', 1.5],
  ])('of ten bytes has no range from %d of %d bytes', async (offset, length, name, value) => {
    const source = await fileSource(put('file', bytesOf(10)));
    await expect(source.read(offset, length)).rejects.toThrow(
      new RangeError(`${name} expected a range within the 10 bytes of the file, got ${value}`),
    );
    expect(await source.read(4, 6)).toEqual(bytesOf(10).slice(4));
    expect((await source.read(10, 0)).length).toBe(0);
    await source.close();
    await expect(source.read(0, 1)).rejects.toThrow(
      new TypeError('the source is closed: open the file again'),
    );
  });

  it('says that its file became shorter', async () => {
    const source = await fileSource(put('file', bytesOf(10)));
    truncateSync(at('file'), 3);
    const error = await rejection(source.read(0, 10), 'ERR_FILE');
    expect(error.message).toBe(
      `${shown('file')} became shorter while it was read: try again when nothing writes to it`,
    );
    await source.close();
  });
});

describe('an input', () => {
  it.each<[string, () => void]>([
    ['is longer', () => appendFileSync(at('file'), 'x')],
    ['has another time', () => utimesSync(at('file'), 1, 1)],
  ])('that %s than when it was opened has changed', async (_, change) => {
    const file = await openInputFile(put('file', bytesOf(10)));
    await file.checkUnchanged();
    change();
    expect((await rejection(file.checkUnchanged(), 'ERR_FILE')).message).toBe(
      `${shown('file')} was changed while it was read: try again when nothing writes to it`,
    );
    await file.close();
  });

  it.each<[unknown, string]>([
    [5, 'a number'],
    [null, 'null'],
    [undefined, 'nothing'],
  ])('of unzipFile is not %j', async (zip, kind) => {
    await expect(unzipFile(zip as string, at('out'))).rejects.toThrow(
      new TypeError(`zip expected a path, a ReadableStream or a source of openZip, got ${kind}`),
    );
  });

  it('is sealed with an option that is yes or no', async () => {
    const options = { privateKey: keyB.pkcs8, detached: 1 as unknown as boolean };
    await expect(encryptFile(at('file'), at('out'), options)).rejects.toThrow(
      new TypeError('options.detached expected a boolean, got a number'),
    );
  });
});

describe('a temporary file', () => {
  it.each([
    ['open', "can't hold a temporary file (TMPDIR names the folder for temporary files): the disk"],
    ['unlink', "can't be removed: the disk is full, make room and try again"],
  ])('without a name is not made if its %s fails', async (call, message) => {
    const before = (name: string) => (name === call ? failing('ENOSPC') : undefined);
    const left: string[] = [];
    const unnamed = (_name: string, [path]: unknown[]) => {
      if (String(path).includes('bundleseal-')) left.push(String(path));
    };
    const error = await rejection(
      onFileSystem(
        {
          before: (name, args) => {
            unnamed(name, args);
            return before(name);
          },
        },
        () => fillUnnamed(async () => {}),
      ),
      'ERR_FILE',
    );
    expect(error.path?.startsWith(tmpdir())).toBe(true);
    expect(error.message).toContain(message);
    for (const path of left) rmSync(path, { force: true });
  });

  it('that another program exchanges does not become the output', async () => {
    const exchange = async () => {
      const [name] = temporaries(here()) as [string];
      rmSync(at(name));
      writeFileSync(at(name), 'of another program');
    };
    const error = await rejection(
      replaceFile({ mode: 0o600 }, at('out'), undefined, exchange),
      'ERR_FILE',
    );
    expect(error.message).toBe(
      `${shown('out')} can't be written: another program exchanged its temporary file, write into a folder that only this user may change`,
    );
  });
});
