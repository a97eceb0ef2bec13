// What a call says that may not replace a folder, or could not put the previous one back.

import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ReplaceFolder, replaceFolder } from '../../../src/files/replace-folder.ts';
import { rejection } from '../../support/errors.ts';
import { onFileSystem, temporaries } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';

const { here, at } = useFolder();
const failing = (code: string) => Object.assign(new Error(code), { code });

const replace = (dir: string, options: Partial<ReplaceFolder> = {}) =>
  replaceFolder(
    dir,
    { overwrite: false, input: undefined, signal: undefined, ...options },
    (folder) => writeFile(join(folder, 'new'), 'new'),
  );

function old(name = 'app'): void {
  mkdirSync(at(name));
  writeFileSync(at(`${name}/old`), 'old');
}

describe('a folder that cannot be replaced', () => {
  it.each<[string, string, Partial<ReplaceFolder>]>([
    ['link', "can't be replaced: it is a link, pass the path of the folder that it leads to", {}],
    ['file', "can't be written: it is a file, pass the path of a folder", {}],
    ['none/app', "can't be written into its folder: it does not exist, check the path", {}],
    ['full', 'is not empty: pass a new or an empty folder, or overwrite: true to replace it', {}],
    [
      'full',
      'holds the archive itself, which would be removed with it: move the archive out first',
      { overwrite: true, input: 'full/old' },
    ],
  ])('is %j: %s', async (name, message, { input, ...options }) => {
    old('full');
    symlinkSync('full', at('link'));
    writeFileSync(at('file'), '');
    const before = readdirSync(here());
    const given = { ...options, ...(input && { input: at(input) }) };
    const error = await rejection(replace(at(name), given), 'ERR_FILE');
    expect(error.path).toBe(at(name));
    expect(error.message).toBe(`${JSON.stringify(at(name))} ${message}`);
    expect([readdirSync(here()), readdirSync(at('full'))]).toEqual([before, ['old']]);
  });

  it('is found as the system finds it, and not by the text of its path', async () => {
    writeFileSync(at('file'), '');
    const dir = `${at('file')}/..`;
    expect((await rejection(replace(dir), 'ERR_FILE')).message).toBe(
      `${JSON.stringify(dir)} can't be written: a part of the path is a file, check the path`,
    );
  });

  it('is in a folder that takes no temporary folder, which the message names', async () => {
    const before = (name: string) => (name === 'mkdir' ? failing('ENOSPC') : undefined);
    const work = onFileSystem({ before }, () => replace(at('app')));
    expect((await rejection(work, 'ERR_FILE')).message).toBe(
      `${JSON.stringify(at('app'))} can't be made in its folder ${JSON.stringify(here())}: the disk is full, make room and try again`,
    );
  });

  it('got a file while the new one was written, which stays', async () => {
    mkdirSync(at('app'));
    const options = { overwrite: false, input: undefined, signal: undefined };
    const work = replaceFolder(at('app'), options, async () => writeFileSync(at('app/late'), ''));
    expect((await rejection(work, 'ERR_FILE')).message).toBe(
      `${JSON.stringify(at('app'))} is not empty: pass a new or an empty folder, or overwrite: true to replace it`,
    );
    expect([readdirSync(here()), readdirSync(at('app'))]).toEqual([['app'], ['late']]);
  });

  it('leaves no temporary folder behind if that cannot be opened', async () => {
    const before = (name: string, [path]: unknown[]) =>
      ['open', 'lstat'].includes(name) && String(path).endsWith('.bundleseal-tmp')
        ? failing('EMFILE')
        : undefined;
    const error = await rejection(
      onFileSystem({ before }, () => replace(at('app'))),
      'ERR_FILE',
    );
    expect(error.cause).toMatchObject({ code: 'EMFILE' });
    expect(readdirSync(here())).toEqual([]);
  });

  it('cannot be moved aside', async () => {
    old();
    const before = (name: string, [, to]: unknown[]) =>
      name === 'rename' && String(to).includes('old-') ? failing('EIO') : undefined;
    const work = onFileSystem({ before }, () => replace(at('app'), { overwrite: true }));
    expect((await rejection(work, 'ERR_FILE')).message).toContain(
      `${JSON.stringify(at('app'))} can't be moved aside: the disk or the network drive`,
    );
    expect(readFileSync(at('app/old'), 'utf8')).toBe('old');
  });
});

describe('a folder that was moved aside', () => {
  /** Fails the renames after the old folder was moved aside: all, or the first one. */
  async function failed(fails: (rename: number) => boolean, listing = true) {
    old();
    let moved = 0;
    const before = (name: string, [, to]: unknown[]) => {
      if (name === 'readdir' && moved > 1 && !listing) return failing('EIO');
      if (name !== 'rename') return undefined;
      if (String(to).includes('old-')) moved = 1;
      else if (moved > 0 && fails(moved++)) return failing(moved === 2 ? 'ENOSPC' : 'EIO');
      return undefined;
    };
    const work = onFileSystem({ before }, () => replace(at('app'), { overwrite: true }));
    return rejection(work, 'ERR_FILE');
  }

  it('is put back if the new one cannot take its place', async () => {
    const error = await failed((rename) => rename === 1);
    expect(error.message).toBe(
      `${JSON.stringify(at('app'))} can't be written: the disk is full, make room and try again`,
    );
    expect(readdirSync(here())).toEqual(['app']);
    expect(readFileSync(at('app/old'), 'utf8')).toBe('old');
  });

  it.each([
    ['the folder', true, 'old-0'],
    ['the temporary folder that holds it, if that cannot be listed', false, ''],
  ])('is kept if it cannot be put back, and the error names %s', async (_, listing, inside) => {
    const error = await failed(() => true, listing);
    const [box] = temporaries(here()) as [string];
    const kept = join(here(), box, inside);
    expect(error.message).toBe(
      `${JSON.stringify(at('app'))} can't be written: the disk is full, make room and try again; the previous folder is in ${JSON.stringify(kept)}`,
    );
    expect(error).toMatchObject({ path: at('app'), cause: { code: 'EIO' } });
    expect(readFileSync(join(here(), box, 'old-0/old'), 'utf8')).toBe('old');
    rmSync(join(here(), box), { recursive: true });
  });
});
