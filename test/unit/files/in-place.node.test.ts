// A file that is a mount point, so that no rename can replace it: it is written in place if the caller wants that.

import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ReplaceOptions, replaceFile } from '../../../src/files/replace.ts';
import { replaceFolder } from '../../../src/files/replace-folder.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { onFileSystem, temporaries } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';

const { here, at, put } = useFolder();
const failing = (code: string) => Object.assign(new Error(code), { code });

/** Replaces "out" while renames fail with a code. `meanwhile` runs at each of them. */
function replace(options: ReplaceOptions, code: string, meanwhile = () => {}) {
  const before = (name: string) => {
    if (name !== 'rename') return undefined;
    meanwhile();
    return failing(code);
  };
  return onFileSystem({ before }, () =>
    replaceFile(
      { mode: 0o600 },
      at('out'),
      undefined,
      (file) => file.write(bytesOf(10), 0),
      options,
    ),
  );
}

describe('a file that is a mount point', () => {
  it('is written in place', async () => {
    const { ino } = statSync(put('out', bytesOf(100)));
    await replace({ inPlace: true }, 'EBUSY');
    expect(readFileSync(at('out')).equals(bytesOf(10))).toBe(true);
    expect(statSync(at('out')).ino).toBe(ino);
  });

  it.each<[string, ReplaceOptions, string]>([
    ['if the caller does not want that', {}, 'EBUSY'],
    ['after another error', { inPlace: true }, 'EROFS'],
  ])('is not written in place %s', async (_, options, code) => {
    put('out', bytesOf(100));
    const error = await rejection(replace(options, code), 'ERR_FILE');
    expect(error).toMatchObject({ path: at('out'), cause: { code } });
    expect(readFileSync(at('out')).equals(bytesOf(100))).toBe(true);
  });

  it('is not created in place', async () => {
    await rejection(replace({ inPlace: true }, 'EBUSY'), 'ERR_FILE');
    expect(temporaries(here())).toEqual([]);
  });

  it('is not written if another file has taken its place', async () => {
    put('out', bytesOf(100));
    const exchange = () => {
      writeFileSync(at('other'), 'other');
      renameSync(at('other'), at('out'));
    };
    const error = await rejection(replace({ inPlace: true }, 'EBUSY', exchange), 'ERR_FILE');
    expect(error.message).toBe(
      `${JSON.stringify(at('out'))} was exchanged meanwhile: try again when nothing else changes it`,
    );
    expect(readFileSync(at('out'), 'utf8')).toBe('other');
  });

  it.each(['handle.truncate', 'handle.writeFile', 'handle.sync'])(
    'that is half-written after a fault of %s has a complete copy, which the error names',
    async (call) => {
      put('out', bytesOf(100));
      let isInPlace = false;
      const before = (name: string) => {
        if (name === 'rename') {
          isInPlace = true;
          return failing('EBUSY');
        }
        return isInPlace && name === call ? failing('ENOSPC') : undefined;
      };
      const work = () =>
        replaceFile({ mode: 0o600 }, at('out'), undefined, (file) => file.write(bytesOf(10), 0), {
          inPlace: true,
        });
      const error = await rejection(onFileSystem({ before }, work), 'ERR_FILE');
      const [name] = temporaries(here()) as [string];
      const copy = join(here(), name);
      expect(error.message).toBe(
        `${JSON.stringify(at('out'))} is half-written, and its new content is in ${JSON.stringify(copy)}, which you should copy: the disk is full, make room and try again`,
      );
      expect(readFileSync(copy).equals(bytesOf(10))).toBe(true);
      rmSync(copy);
    },
  );
});

it('a file that may not be replaced is refused before the new content is written', async () => {
  put('out', bytesOf(100));
  let written = 0;
  const fill = async () => void written++;
  const options = { refusal: 'exists already' };
  const work = replaceFile({ mode: 0o600 }, at('out'), undefined, fill, options);
  expect((await rejection(work, 'ERR_FILE')).message).toContain('exists already');
  expect(written).toBe(0);
});

describe('a file that may not be replaced, without hard links', () => {
  /** Writes "out" while links cannot be made, and renames fail. */
  function create(signal: AbortSignal | undefined, onRename: () => void) {
    const before = (name: string) => {
      if (name === 'link') return failing('EPERM');
      if (name !== 'rename') return undefined;
      onRename();
      return failing('EBUSY');
    };
    const options = { refusal: 'exists already' };
    const fill = async () => {};
    return onFileSystem({ before }, () =>
      replaceFile({ mode: 0o600 }, at('out'), signal, fill, options),
    );
  }

  it('leaves nothing under its name if its rename fails', async () => {
    const error = await rejection(
      create(undefined, () => {}),
      'ERR_FILE',
    );
    expect(error).toMatchObject({ path: at('out'), cause: { code: 'EBUSY' } });
    expect(readdirSync(here())).toEqual([]);
  });

  it('leaves nothing under its name after an abort, whose reason counts', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const work = create(stop.signal, () => stop.abort(reason));
    await expect(work).rejects.toBe(reason);
    expect(readdirSync(here())).toEqual([]);
  });
});

describe('a folder that must not be replaced', () => {
  const refused = async (dir: string) => {
    // Without `overwrite`, so that no fault of the test removes a folder of the machine.
    const options = { overwrite: false, input: undefined, signal: undefined };
    const error = await rejection(
      replaceFolder(dir, options, async () => {}),
      'ERR_FILE',
    );
    return error.message.replace(`${JSON.stringify(dir)} `, '');
  };

  it('is the folder of the process or one above it', async () => {
    const message = 'is or contains the current folder of this process: pass another one';
    for (const dir of [process.cwd(), '.', join(process.cwd(), '..')]) {
      expect(await refused(dir)).toBe(message);
    }
  });

  it.runIf(process.platform === 'linux')('is the root, or the root of another disk', async () => {
    const message = "can't be replaced: a disk is mounted there, pass a folder in it";
    for (const dir of ['/', '/proc']) expect(await refused(dir)).toBe(message);
  });
});
