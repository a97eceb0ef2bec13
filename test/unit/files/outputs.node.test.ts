import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPlace } from '../../../src/files/output-place.ts';
import { checksum, decryptBundle } from '../../../src/index.ts';
import { checksumFile, decryptFile, encryptFile } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { expectBytes } from '../../support/file-bytes.ts';
import { snapshot } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;

const publicKey = keyB.spki;

const { here, at, put, get } = useFolder();

const modeOf = (name: string) => (statSync(at(name)).mode & 0o7777).toString(8);

describe('the mode of the output', () => {
  const MODES = [0o600, 0o640, 0o644, 0o755, 0o400, 0o666];

  it.each(MODES.map((mode) => [mode.toString(8), mode] as const))(
    '%s is the one of the input where there was no output',
    async (_, mode) => {
      put('plain', bytesOf(10), mode);
      await encryptFile(at('plain'), at('sealed'), { privateKey });
      await decryptFile(at('sealed'), at('opened'), { publicKey });
      expect([modeOf('sealed'), modeOf('opened')]).toEqual([mode.toString(8), mode.toString(8)]);
    },
  );

  it('is never wider than that of the previous file or of the input', async () => {
    for (const input of MODES) {
      for (const before of [...MODES, 0o604]) {
        put('plain', bytesOf(10), input);
        put('sealed', bytesOf(3), before);
        await encryptFile(at('plain'), at('sealed'), { privateKey });
        expect(modeOf('sealed')).toBe((input & before).toString(8));
        chmodSync(at('sealed'), input);
        put('opened', bytesOf(3), before);
        await decryptFile(at('sealed'), at('opened'), { publicKey });
        expect(modeOf('opened')).toBe((input & before).toString(8));
      }
    }
  });

  it('does not carry over set-user-id', async () => {
    put('plain', bytesOf(10), 0o4755);
    await encryptFile(at('plain'), at('sealed'), { privateKey });
    expect(modeOf('sealed')).toBe('755');
  });
});

describe('links', () => {
  it('as the output are followed and kept', async () => {
    const plain = bytesOf(5000);
    put('plain', plain);
    mkdirSync(at('elsewhere'));
    put('elsewhere/real', bytesOf(3), 0o600);
    symlinkSync(join('elsewhere', 'real'), at('near'));
    symlinkSync('near', at('far'));
    for (const name of ['near', 'far']) {
      await encryptFile(at('plain'), at(name), { privateKey });
      expect(lstatSync(at(name)).isSymbolicLink()).toBe(true);
      expect(lstatSync(at('elsewhere/real')).isFile()).toBe(true);
      expectBytes(await decryptBundle(get('elsewhere/real'), { publicKey }), plain);
      expect(modeOf('elsewhere/real')).toBe('600');
    }
    expect(readlinkSync(at('near'))).toBe(join('elsewhere', 'real'));
    expect(readdirSync(at('elsewhere'))).toEqual(['real']);
  });

  it('as the input are followed', async () => {
    const plain = bytesOf(5000);
    put('plain', plain, 0o640);
    symlinkSync('plain', at('link'));
    await encryptFile(at('link'), at('sealed'), { privateKey });
    expect(modeOf('sealed')).toBe('640');
    expectBytes(await decryptBundle(get('sealed'), { publicKey }), plain);
    expect(await checksumFile(at('link'))).toBe(await checksum(plain));
  });

  it('in the folders of a path are followed', async () => {
    const plain = bytesOf(5000);
    put('plain', plain);
    mkdirSync(at('real'));
    symlinkSync('real', at('link'));
    await encryptFile(at('plain'), join(at('link'), 'sealed'), { privateKey });
    expect(readdirSync(at('real'))).toEqual(['sealed']);
  });

  it('to nothing are refused as output, and nothing is made', async () => {
    put('plain', bytesOf(10));
    symlinkSync('nothing', at('dangling'));
    symlinkSync('circle', at('circle'));
    const before = snapshot(here());
    for (const name of ['dangling', 'circle']) {
      const work = encryptFile(at('plain'), at(name), { privateKey });
      const error = await rejection(work, 'ERR_FILE');
      expect(error.path).toBe(at(name));
      await rejection(encryptFile(at(name), at('out'), { privateKey }), 'ERR_FILE');
    }
    expect(snapshot(here())).toEqual(before);
  });

  it('or other spellings of the input are refused as output', async () => {
    await encryptFile(put('plain', bytesOf(5000)), at('sealed'), { privateKey });
    for (const name of ['plain', 'sealed']) {
      symlinkSync(name, at(`${name}-link`));
      symlinkSync(`${name}-link`, at(`${name}-link-link`));
      linkSync(at(name), at(`${name}-hard`));
    }
    symlinkSync('.', at('folder'));
    const before = snapshot(here());
    const refused = async (input: string, output: string) => {
      const work = input.includes('plain')
        ? encryptFile(input, output, { privateKey })
        : decryptFile(input, output, { publicKey });
      const error = await rejection(work, 'ERR_FILE');
      expect(error.path).toBe(output);
      expect(error.message).toContain('another');
      expect(snapshot(here())).toEqual(before);
    };
    for (const name of ['plain', 'sealed']) {
      const ways = [
        at(name),
        `${here()}/./${name}`,
        `${here()}//${name}`,
        `${here()}/../${basename(here())}/${name}`,
        relative(process.cwd(), at(name)),
        at(`${name}-link`),
        at(`${name}-link-link`),
        at(`${name}-hard`),
        join(at('folder'), name),
      ];
      for (const way of ways) {
        await refused(at(name), way);
        await refused(way, at(name));
      }
    }
  });
});

describe('an output beside a folder that was removed meanwhile', () => {
  it('is refused with its path, because it may lie in that folder', async () => {
    const error = await rejection(findPlace({ folder: at('gone') }, at('out')), 'ERR_FILE');
    expect(error.message).toBe(
      `${JSON.stringify(at('out'))} can't be looked up: it does not exist, check the path`,
    );
  });
});
