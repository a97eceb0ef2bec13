// What the calls on files say about inputs that change, and about places that they cannot use.

import {
  appendFileSync,
  mkdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { holdOwn } from '../../../src/files/held-folder.ts';
import { openInputFile } from '../../../src/files/input-file.ts';
import { replaceFile } from '../../../src/files/replace.ts';
import { fillUnnamed } from '../../../src/files/spool-input.ts';
import {
  decryptFile,
  encryptFile,
  fileSource,
  openToDirectory,
  sealDirectory,
  unzipFile,
  zipDirectory,
} from '../../../src/node.ts';
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

describe('a wrong argument', () => {
  const [privateKey, publicKey] = [keyB.pkcs8, keyB.spki];
  const wrong = 5 as unknown as string;
  it.each<[string, () => Promise<unknown>]>([
    ['input', () => encryptFile(wrong, 'b', { privateKey })],
    ['output', () => encryptFile('a', wrong, { privateKey })],
    ['input', () => decryptFile(wrong, 'b', { publicKey })],
    ['output', () => decryptFile('a', wrong, { publicKey })],
    ['path', () => fileSource(wrong)],
    ['dir', () => unzipFile('a', wrong)],
    ['dir', () => zipDirectory(wrong, 'b')],
    ['output', () => zipDirectory('a', wrong)],
    ['dir', () => sealDirectory(wrong, 'b', { privateKey })],
    ['output', () => sealDirectory('a', wrong, { privateKey })],
    ['dir', () => openToDirectory('a', wrong, { publicKey })],
  ])('is named: %s', async (name, call) => {
    const message = `${name} expected a path as a string, got a number`;
    await expect(call()).rejects.toThrow(new TypeError(message));
  });

  it.each<[string, (options: never) => Promise<unknown>]>([
    ['encryptFile', (options) => encryptFile('a', 'b', options)],
    ['decryptFile', (options) => decryptFile('a', 'b', options)],
    ['unzipFile', (options) => unzipFile('a', 'b', options)],
    ['zipDirectory', (options) => zipDirectory('a', 'b', options)],
    ['sealDirectory', (options) => sealDirectory('a', 'b', options)],
    ['openToDirectory', (options) => openToDirectory('a', 'b', options)],
  ])('is an option that %s does not have, and the message names the call', async (name, call) => {
    const message = new RegExp(`^${name} .*"colour"`);
    await expect(call({ colour: 1 } as never)).rejects.toThrow(message);
  });
});

describe('an output', () => {
  it('of a pipe or of a file of /proc has the mode of a new file', async () => {
    writeFileSync(at('default'), '');
    await encryptFile('/proc/self/status', at('out'), { privateKey: keyB.pkcs8 });
    expect(statSync(at('out')).mode).toBe(statSync(at('default')).mode);
  });
});

describe('a folder of temporary files', () => {
  it('that another user owns is not used, nor kept open', async () => {
    mkdirSync(at('box'));
    const own = await holdOwn(at('box'), at('app'));
    await own.close();
    vi.spyOn(process as { geteuid: () => number }, 'geteuid').mockReturnValue(2 ** 31 - 7);
    const error = await rejection(holdOwn(at('box'), at('app')), 'ERR_FILE');
    vi.restoreAllMocks();
    expect(error.message).toBe(
      `${shown('app')} can't be written: its temporary folder is another user's`,
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
