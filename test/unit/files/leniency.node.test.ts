// How long a rename is repeated while another program has the file open, and which paths exist.

import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exists, renamePatiently } from '../../../src/files/leniency.ts';
import { bytesOf } from '../../support/bytes.ts';
import { failureOf } from '../../support/errors.ts';
import { onFileSystem } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';

const { at, put } = useFolder();
const failing = (code: string) => Object.assign(new Error(code), { code });

/** Renames a file while this many attempts fail. Says how it ended, after how many attempts and milliseconds. */
async function attempts(failures: number, code: string) {
  put('from', bytesOf(3));
  let count = 0;
  const before = (name: string) => {
    if (name !== 'rename') return undefined;
    count += 1;
    return count <= failures ? failing(code) : undefined;
  };
  const begun = performance.now();
  const work = () => renamePatiently(at('from'), at('to'));
  const error = await onFileSystem({ before }, work).catch((reason: unknown) => reason);
  return { error, count, time: performance.now() - begun, isThere: existsSync(at('to')) };
}

describe.skipIf(process.platform === 'win32')('a rename that fails for a moment', () => {
  it.each(['EPERM', 'EACCES', 'EBUSY'])('with %s is repeated for half a second', async (code) => {
    const { error, count, time, isThere } = await attempts(6, code);
    expect([error, count, isThere]).toEqual([undefined, 7, true]);
    expect(time).toBeGreaterThan(500);
  });

  it('is given up after that time, with its error', async () => {
    const { error, count, isThere } = await attempts(7, 'EBUSY');
    expect(error).toMatchObject({ code: 'EBUSY' });
    expect([count, isThere]).toEqual([7, false]);
  });

  it('is not repeated for an error that stays', async () => {
    expect(await attempts(1, 'EIO')).toMatchObject({ error: { code: 'EIO' }, count: 1 });
  });

  it('is not repeated after an abort', async () => {
    put('from', bytesOf(3));
    let count = 0;
    const before = (name: string) => {
      if (name !== 'rename') return undefined;
      count += 1;
      return failing('EBUSY');
    };
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    const work = () => renamePatiently(at('from'), at('to'), signal);
    expect(await failureOf(onFileSystem({ before }, work))).toBe(reason);
    expect(count).toBe(1);
  });
});

describe('a path', () => {
  it('exists if it leads to a file or a folder, by a link too', async () => {
    put('file', bytesOf(1));
    mkdirSync(at('folder'));
    symlinkSync(at('folder'), at('link'), 'junction');
    for (const name of ['file', 'folder', 'link']) expect(await exists(at(name)), name).toBe(true);
  });

  it('does not exist if nothing is there, its link leads to nothing, or a file stands above it', async () => {
    put('file', bytesOf(1));
    symlinkSync(at('nothing'), at('link'), 'junction');
    for (const name of ['nothing', 'link', 'file/below']) {
      expect(await exists(at(name)), name).toBe(false);
    }
  });
});
