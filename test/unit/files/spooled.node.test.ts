// Inputs that are first copied into an unnamed file: which files they are, and what remains after a fault.

import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BundleSealError } from '../../../src/errors.ts';
import { openInputFile } from '../../../src/files/input-file.ts';
import { checksum } from '../../../src/index.ts';
import { checksumFile, encryptFile, sealDirectory } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { onFileSystem, openIn, temporaries } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';

const { at, put } = useFolder();
const privateKey = keyB.pkcs8;
const isLinux = process.platform === 'linux';

afterEach(() => vi.unstubAllEnvs());

describe('a file that has a size but takes no place on the disk', () => {
  it('is not copied: its output has its mode, and a change is noticed', async () => {
    put('sparse', new Uint8Array(0), 0o640);
    truncateSync(at('sparse'), 100_000);
    vi.stubEnv('TMPDIR', at('missing'));
    await encryptFile(at('sparse'), at('out'), { privateKey });
    expect(statSync(at('out')).mode & 0o777).toBe(0o640);
    const file = await openInputFile(at('sparse'));
    appendFileSync(at('sparse'), 'x');
    await rejection(file.checkUnchanged(), 'ERR_FILE');
    await file.close();
  });
});

describe.runIf(isLinux)('an input that is copied', () => {
  const PROC = '/proc/self/limits';

  it.each<[string, () => Promise<unknown>]>([
    ['for its checksum', () => checksumFile(PROC)],
    ['to be sealed', () => encryptFile(PROC, at('out'), { privateKey })],
    ['as the zip of a folder', () => sealDirectory(at('site'), at('out'), { privateKey })],
  ])('%s leaves no file after any fault', async (_, run) => {
    mkdirSync(at('site'));
    writeFileSync(at('site/a'), bytesOf(300_000));
    mkdirSync(at('tmp'));
    vi.stubEnv('TMPDIR', at('tmp'));
    let refused = 0;
    for (let k = 1; ; k++) {
      let calls = 0;
      let failed = '';
      const before = (name: string) => {
        if (++calls !== k) return undefined;
        failed = name;
        return Object.assign(new Error('EIO: made for the test'), { code: 'EIO' });
      };
      writeFileSync(at('out'), 'old');
      const error = await onFileSystem({ before }, run).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (failed === '') break;
      const label = `${failed}, call ${k}`;
      expect(temporaries(at('')), label).toEqual([]);
      expect(openIn(at('')), label).toEqual([]);
      if (error === undefined) continue;
      refused += 1;
      expect(error, label).toBeInstanceOf(BundleSealError);
      expect((error as BundleSealError).code, label).toBe('ERR_FILE');
      expect(readFileSync(at('out'), 'utf8'), label).toBe('old');
      // The name of the copy itself may remain if it is the call that removes it that fails.
      if (failed !== 'unlink') expect(readdirSync(at('tmp')).length, label).toBeLessThan(2);
    }
    expect(refused).toBeGreaterThan(5);
  });

  it('has its whole content also if each read returns a few bytes', async () => {
    const text = readFileSync(PROC);
    const before = (name: string, args: unknown[]) => {
      if (name === 'read' && args[4] === null) args[3] = Math.min(args[3] as number, 7);
      return undefined;
    };
    const digest = await onFileSystem({ before }, () => checksumFile(PROC));
    expect(digest).toBe(await checksum(text));
    expect(join(at(''), 'out')).toBe(at('out'));
  });
});
