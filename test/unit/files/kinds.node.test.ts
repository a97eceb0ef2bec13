// What the functions of files say about inputs and outputs that are no regular files.

import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptFile, zipDirectory } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

const privateKey = keyB.pkcs8;
const { at, put } = useFolder();
const server = createServer();

beforeEach(async () => {
  put('plain', utf8('plain'));
  mkdirSync(at('folder'));
  symlinkSync('missing', at('dangling'));
  execFileSync('mkfifo', [at('pipe')]);
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** The message of the error without the path. */
async function messageOf(work: Promise<unknown>, path: string): Promise<string> {
  const error = await rejection(work, 'ERR_FILE');
  expect(error.path).toBe(path);
  return error.message.replace(`${JSON.stringify(path)} `, '');
}

describe.skipIf(process.platform === 'win32')('the kind of a file', () => {
  it.each([
    ['folder', "can't be written: it is a folder, pass the path of a file in it"],
    ['pipe', "can't be replaced: it is a pipe, pass the path of a file"],
    ['socket', "can't be replaced: it is a socket, pass the path of a file"],
    ['dangling', "is a link to a file that isn't there: remove the link, or pass another path"],
    ['plain', 'is the input itself: write to another file'],
  ])('is named for an output: %s', async (name, message) => {
    const work = encryptFile(at('plain'), at(name), { privateKey });
    expect(await messageOf(work, at(name))).toContain(message);
  });

  it('is named for an output that is a device', async () => {
    const work = encryptFile(at('plain'), '/dev/null', { privateKey });
    expect(await messageOf(work, '/dev/null')).toBe(
      "can't be replaced: it is a device, pass the path of a file",
    );
  });

  it.each([
    ['folder', "can't be read: it is a folder, pass the path of a file"],
    ['socket', "can't be read: it is a socket, pass the path of a file"],
  ])('is named for an input: %s', async (name, message) => {
    const work = encryptFile(at(name), at('out'), { privateKey });
    expect(await messageOf(work, at(name))).toBe(message);
  });

  it('is named for an entry of a folder, with the way to leave it out', async () => {
    mkdirSync(at('site'));
    execFileSync('mkfifo', [at('site/pipe')]);
    const error = await rejection(zipDirectory(at('site'), at('out.zip')), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toBe(
      '"pipe" is a pipe, a socket or a device, which no archive can hold: leave it out by "ignore"',
    );
  });

  it('is told by the end of the path of a new output', async () => {
    const work = encryptFile(at('plain'), `${at('new')}/`, { privateKey });
    expect(await messageOf(work, `${at('new')}/`)).toBe(
      "can't be written: it names a folder, pass the path of a file in it",
    );
  });

  it('does not matter for an output in the folder that is its input, which is refused', async () => {
    const work = zipDirectory(at('folder'), at('folder/out.zip'));
    expect(await messageOf(work, at('folder/out.zip'))).toBe(
      'lies in the folder that is its input: write to a file outside of it',
    );
  });
});
