// A folder sealed into a file.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decryptBundle } from '../../../src/index.ts';
import { encryptFile, sealDirectory, zipDirectory } from '../../../src/node.ts';
import { unzipBundle } from '../../../src/zip.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder } from '../../support/files.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;

function makeApp(): { readonly folder: string; at(name: string): string } {
  const folder = makeFolder();
  mkdirSync(join(folder, 'dist/assets'), { recursive: true });
  writeFileSync(join(folder, 'dist/index.html'), '<p>Hi</p>');
  writeFileSync(join(folder, 'dist/assets/app.js'), 'console.log("Hi");'.repeat(50_000));
  writeFileSync(join(folder, 'dist/assets/app.js.map'), '{}');
  return { folder, at: (name) => join(folder, name) };
}

describe('sealDirectory', () => {
  it('seals the zip that zipDirectory makes', async () => {
    const { at } = makeApp();
    const zipped = await zipDirectory(at('dist'), at('app.zip'), { sourceMaps: false });
    const metadata = { appId: 'com.example.app', version: '1.2.3' };
    const sealed = await sealDirectory(at('dist'), at('app.sealed'), {
      privateKey,
      metadata,
      sourceMaps: false,
    });
    expect(sealed).toMatchObject({ ...zipped, entries: 2 });
    const bytes = readFileSync(at('app.sealed'));
    expect(sealed.sealedSize).toBe(bytes.length);
    const opened = await decryptBundle(bytes, { publicKey, expect: metadata });
    expect(Buffer.compare(opened, readFileSync(at('app.zip')))).toBe(0);
    expect([...(await unzipBundle(opened)).keys()]).toEqual(['assets/app.js', 'index.html']);
  });

  it('writes only the body with detached', async () => {
    const { at } = makeApp();
    const { seal } = await sealDirectory(at('dist'), at('body'), { privateKey, detached: true });
    await decryptBundle(readFileSync(at('body')), { publicKey, seal });
  });

  it('counts the bytes of the files', async () => {
    const { at } = makeApp();
    const seen: { readonly done: number; readonly total: number }[] = [];
    await sealDirectory(at('dist'), at('out'), {
      privateKey,
      onProgress: (progress) => seen.push(progress),
    });
    const size = 9 + 18 * 50_000 + 2;
    expect(seen.at(-1)).toEqual({ done: size, total: size });
  });

  it('keeps the previous output on an error, and leaves no other file', async () => {
    const { folder, at } = makeApp();
    await encryptFile(at('dist/index.html'), at('out'), { privateKey });
    const before = readFileSync(at('out'));
    const names = readdirSync(folder);
    writeFileSync(at('dist/key.pem'), keyA.pkcs8);
    const sealing = sealDirectory(at('dist'), at('out'), { privateKey });
    expect(await rejection(sealing, 'ERR_ARCHIVE_INVALID')).toMatchObject({ path: 'key.pem' });
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(
      sealDirectory(at('dist'), at('out'), { privateKey, privateKeys: 'allow', signal: stop }),
    ).rejects.toThrow('enough');
    expect(readFileSync(at('out'))).toEqual(before);
    expect(readdirSync(folder)).toEqual(names);
  });

  it('refuses an output in the folder before it reads a file', async () => {
    const { at } = makeApp();
    const seen: unknown[] = [];
    const sealing = sealDirectory(at('dist'), at('dist/out'), {
      privateKey,
      onProgress: (progress) => seen.push(progress),
    });
    await rejection(sealing, 'ERR_FILE');
    expect(seen).toEqual([]);
    expect(existsSync(at('dist/out'))).toBe(false);
  });

  it('names an output whose folder is missing, whether it is ignored or not', async () => {
    const { at } = makeApp();
    for (const output of [at('missing/out'), at('dist/missing/out')]) {
      for (const ignore of [[], ['missing']]) {
        const work = sealDirectory(at('dist'), output, { privateKey, ignore });
        const error = await rejection(work, 'ERR_FILE');
        expect(error.message).toBe(
          `${JSON.stringify(output)} can't be written into its folder: it does not exist, check the path`,
        );
      }
    }
  });

  it('accepts an output in the folder that is ignored', async () => {
    const { at } = makeApp();
    const options = { privateKey, ignore: ['/app.sealed'] };
    const first = await sealDirectory(at('dist'), at('dist/app.sealed'), options);
    const again = await sealDirectory(at('dist'), at('dist/app.sealed'), options);
    expect(again).toMatchObject({ checksum: first.checksum, entries: 3 });
  });

  it.each([
    [{ levle: 1 }, /^sealDirectory does not know the option "levle"/],
    [{ level: 10 }, /options\.level expected an integer from 0 to 9/],
    [{ threads: -1 }, /options\.threads expected an integer from 0 to 64/],
    [{ detached: 1 }, /options\.detached expected a boolean/],
    [{ links: 'follow' }, /options\.links expected/],
    [{ chunkSize: 3 }, /options\.chunkSize expected a power of two/],
  ])('refuses a wrong option: %j', async (wrong, message) => {
    const { at } = makeApp();
    const options = { privateKey, ...wrong } as never;
    await expect(sealDirectory(at('dist'), at('out'), options)).rejects.toThrow(message);
  });
});
