// Systems other than Linux, which cannot reach a folder by its descriptor: the calls use its path, and check that it
// leads to the same folder before and after.

import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decryptFile, encryptFile, unzipFile, zipDirectory } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder, onFileSystem, openIn, snapshot, temporaries } from '../../support/files.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
const { platform } = process;
const setPlatform = (value: string) => Object.defineProperty(process, 'platform', { value });

const root = makeFolder();
let count = 0;
let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(at('site/sub/deep'), { recursive: true });
  writeFileSync(at('site/index.html'), bytesOf(1000));
  writeFileSync(at('site/sub/deep/app.js'), bytesOf(70_000));
  setPlatform('darwin');
});

afterEach(() => {
  setPlatform(platform);
  expect(temporaries(folder)).toEqual([]);
  expect(openIn(folder)).toEqual([]);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs `act` once, before the first call that `isIt` is true of. */
function beforeCall(isIt: (name: string, path: string) => boolean, act: () => void) {
  let isDone = false;
  return {
    before(name: string, args: readonly unknown[]) {
      if (!isDone && isIt(name, String(args[0]))) {
        isDone = true;
        act();
      }
      return undefined;
    },
  };
}

describe('a folder that cannot be held open', () => {
  it('is zipped, unpacked and replaced, and its files are sealed and opened', async () => {
    for (let i = 0; i < 2; i++) {
      await zipDirectory(at('site'), at('a.zip'));
      await encryptFile(at('a.zip'), at('sealed'), { privateKey });
      await decryptFile(at('sealed'), at('b.zip'), { publicKey });
      expect(await unzipFile(at('b.zip'), at('app'), { overwrite: i > 0 })).toMatchObject({
        entries: 2,
      });
      expect(readFileSync(at('app/sub/deep/app.js')).equals(bytesOf(70_000))).toBe(true);
      expect(readFileSync(at('app/index.html')).equals(bytesOf(1000))).toBe(true);
    }
  });

  it.each([
    ['before', 'open'],
    ['after', 'fstat'],
  ])('is refused if another one takes its place %s a file of it is opened', async (_, call) => {
    mkdirSync(at('other'));
    writeFileSync(at('other/app.js'), 'of another folder');
    let isOpening = false;
    const hooks = beforeCall(
      (name, path) => {
        isOpening ||= name === 'open' && basename(path) === 'app.js';
        return isOpening && name === call;
      },
      () => {
        renameSync(at('site/sub/deep'), at('moved'));
        symlinkSync(at('other'), at('site/sub/deep'));
      },
    );
    const work = () => zipDirectory(at('site'), at('a.zip'));
    const error = await rejection(onFileSystem(hooks, work), 'ERR_FILE');
    expect(error.message).toMatch(/changed while|moved or exchanged meanwhile/);
  });

  it('is not written if another one takes its place', async () => {
    mkdirSync(at('out'));
    mkdirSync(at('other'));
    writeFileSync(at('out/sealed'), 'old');
    const hooks = beforeCall(
      (name) => name === 'handle.sync',
      () => {
        renameSync(at('out'), at('moved'));
        mkdirSync(at('out'));
        const [temporary] = temporaries(at('moved'));
        renameSync(join(at('moved'), temporary as string), join(at('out'), temporary as string));
      },
    );
    const work = () => encryptFile(at('site/index.html'), at('out/sealed'), { privateKey });
    const error = await rejection(onFileSystem(hooks, work), 'ERR_FILE');
    expect(error.message).toContain('was moved or exchanged meanwhile');
    expect(readFileSync(at('moved/sealed'), 'utf8')).toBe('old');
    expect(snapshot(at('out'))).toEqual({});
  });
});
