// key rotate: the old and the new pair at every moment, also beside other programs and after a kill.

import { createPrivateKey } from 'node:crypto';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { placePair } from '../../../../src/cli/key-pair.ts';
import { lockPair } from '../../../../src/cli/pair-lock.ts';
import { isTemporary, nameTemporary } from '../../../../src/files/temporary.ts';
import { keyId } from '../../../../src/index.ts';
import { type Project, useCli, withProject } from '../../../support/cli.ts';
import { next, ours, read } from '../../../support/cli-keys.ts';
import { sealingPair } from '../../../support/pairs.ts';

useCli();

describe('key rotate', () => {
  it.runIf(process.platform !== 'win32')(
    'keeps the old pair beside the target of a link, and names it in every step',
    async () => {
      await withProject(async (project) => {
        mkdirSync(project.path('safe'));
        await project.write('safe/k', ours.privateKey);
        await project.write('safe/k.pub', ours.publicKey);
        for (const name of ['k', 'k.pub']) {
          symlinkSync(project.path('safe', name), project.path(name));
        }
        const key = realpathSync(project.path('safe/k'));
        const rotated = await project.json(['key', 'rotate', '--key', 'k']);
        expect(rotated).toMatchObject({ key, old: `${key}.old` });
        expect(JSON.stringify(rotated['steps'])).toContain(`seal for them with --key ${key}.old`);
        expect(readFileSync(`${key}.old`, 'utf8')).toBe(ours.privateKey);
        expect(readFileSync(`${key}.old.pub`, 'utf8')).toBe(ours.publicKey);
        expect(lstatSync(project.path('k')).isSymbolicLink()).toBe(true);
        expect(await keyId(readFileSync(project.path('k.pub'), 'utf8'))).toBe(rotated['keyId']);
      });
    },
  );

  it.runIf(process.platform !== 'win32')(
    'refuses a link whose public key is in another folder, and says where it belongs',
    async () => {
      await withProject(async (project) => {
        mkdirSync(project.path('safe'));
        await project.write('safe/k', ours.privateKey);
        await project.write('k.pub', ours.publicKey);
        symlinkSync(project.path('safe/k'), project.path('k'));
        const refused = await project.run(['key', 'rotate', '--key', 'k']);
        expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('safe/k.pub') });
        expect(readFileSync(project.path('safe/k'), 'utf8')).toBe(ours.privateKey);
      });
    },
  );

  it('keeps both keys in the module that the app imports, until it ends', async () => {
    await withProject(async (project) => {
      await project.write('.bundleseal_key', ours.privateKey);
      await project.write('.bundleseal_key.pub', ours.publicKey);
      await project.run(['key', 'save', '--module', 'key.mjs']);
      const rotated = await project.run(['key', 'rotate', '--module', 'key.mjs']);
      expect(rotated.code, rotated.stderr).toBe(0);
      const fresh = read(project, '.bundleseal_key.pub');
      const during = read(project, 'key.mjs');
      expect(during.indexOf(fresh)).toBeGreaterThan(0);
      expect(during.indexOf(ours.publicKey)).toBeGreaterThan(during.indexOf(fresh));
      expect((await project.run(['key', 'rotate', '--finish', '--module', 'key.mjs'])).code).toBe(
        0,
      );
      const after = read(project, 'key.mjs');
      expect(after).toContain(fresh);
      expect(after).not.toContain(ours.publicKey);
      expect(read(project, '.bundleseal_key.old')).toBe(ours.privateKey);
    });
  });

  it('keeps a short passphrase of the old pair, with a warning', async () => {
    await withProject(async ({ json, write }) => {
      const key = createPrivateKey(ours.privateKey);
      const passphrase = 'quark';
      const form = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
      await write('.bundleseal_key', key.export(form));
      const env = { BUNDLESEAL_KEY_PASSPHRASE: passphrase };
      const { warnings } = await json(['key', 'rotate'], { env });
      expect(warnings).toEqual([expect.stringContaining('fewer than 8 characters')]);
      expect(await json(['key', 'show', '.bundleseal_key'], { env })).toMatchObject({
        keys: [{ isProtected: true }],
      });
    });
  });

  const withKeys = (work: (project: Project) => Promise<void>) =>
    withProject(async (project) => {
      await project.write('.bundleseal_key', ours.privateKey);
      await project.write('.bundleseal_key.pub', ours.publicKey);
      await work(project);
    });

  it.each([
    ['the module can not be written', 'capacitor.config.json', '{"appId":"a"}', 'none/key.mjs'],
    ['the config can not be read', 'capacitor.config.json', '{"appId":"\xff"}', 'key.mjs'],
  ])('does not change keys, config and module if %s', async (_, name, config, module) => {
    await withKeys(async (project) => {
      await project.write(name, Buffer.from(config, 'latin1'));
      const before = readdirSync(project.folder).sort();
      const failed = await project.run(['key', 'rotate', '--module', module]);
      expect(failed.code, failed.stderr).toBe(1);
      expect(readdirSync(project.folder).sort()).toEqual(before);
      expect(read(project, '.bundleseal_key')).toBe(ours.privateKey);
      expect(read(project, '.bundleseal_key.pub')).toBe(ours.publicKey);
      expect(readFileSync(project.path(name), 'latin1')).toBe(config);
    });
  });

  it.each([
    ['before the app got the new public key', next.publicKey],
    ['between the two halves of the new pair', ours.publicKey],
  ])('continues if a process was killed %s', async (_, publicKey) => {
    await withKeys(async (project) => {
      await project.write('capacitor.config.json', '{"appId":"a"}');
      await project.run(['key', 'save']);
      await project.run(['key', 'save', '--module', 'key.mjs']);
      await project.write('.bundleseal_key.old', ours.privateKey);
      await project.write('.bundleseal_key.old.pub', ours.publicKey);
      await project.write('.bundleseal_key', next.privateKey);
      await project.write('.bundleseal_key.pub', publicKey);
      const ended = await project.run(['key', 'rotate', '--finish', '--module', 'key.mjs']);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('interrupted');
      const rotated = await project.run(['key', 'rotate', '--module', 'key.mjs']);
      expect(rotated.code, rotated.stderr).toBe(0);
      expect(read(project, '.bundleseal_key')).toBe(next.privateKey);
      expect(read(project, '.bundleseal_key.pub')).toBe(next.publicKey);
      const { BundleSeal } = JSON.parse(read(project, 'capacitor.config.json')).plugins;
      expect(BundleSeal).toEqual({ publicKey: next.publicKey, previousPublicKey: ours.publicKey });
      const module = read(project, 'key.mjs');
      expect(module.indexOf(next.publicKey)).toBeGreaterThan(0);
      expect(module.indexOf(ours.publicKey)).toBeGreaterThan(module.indexOf(next.publicKey));
    });
  });

  it('starts again if a process was killed before it wrote the new pair', async () => {
    await withKeys(async (project) => {
      for (const end of ['', '.pub']) {
        linkSync(project.path(`.bundleseal_key${end}`), project.path(`.bundleseal_key.old${end}`));
      }
      const rotated = await project.run(['key', 'rotate']);
      expect(rotated.code, rotated.stderr).toBe(0);
      expect(read(project, '.bundleseal_key.old')).toBe(ours.privateKey);
      expect(read(project, '.bundleseal_key')).not.toBe(ours.privateKey);
    });
  });

  it('has a private key under its name at every moment', async () => {
    await withKeys(async (project) => {
      const seen: string[] = [];
      const pair = Object.defineProperty({ ...next }, 'privateKey', {
        get() {
          seen.push(read(project, '.bundleseal_key'));
          return next.privateKey;
        },
      });
      await placePair(project.path('.bundleseal_key'), pair);
      expect(seen).toEqual([ours.privateKey]);
      expect(read(project, '.bundleseal_key')).toBe(next.privateKey);
    });
  });

  const atWrite = (work: () => void) =>
    Object.defineProperty({ ...next }, 'privateKey', {
      get() {
        work();
        return next.privateKey;
      },
    });

  it('replaces no private key that another program has put there meanwhile', async () => {
    await withKeys(async (project) => {
      const third = sealingPair(2).privateKey;
      const pair = atWrite(() => {
        rmSync(project.path('.bundleseal_key'));
        writeFileSync(project.path('.bundleseal_key'), third);
      });
      await expect(placePair(project.path('.bundleseal_key'), pair)).rejects.toMatchObject({
        code: 'ERR_FILE',
      });
      expect(read(project, '.bundleseal_key')).toBe(third);
      expect(read(project, '.bundleseal_key.old')).toBe(ours.privateKey);
      expect(read(project, '.bundleseal_key.pub')).toBe(ours.publicKey);
    });
  });

  it('keeps the private key whose second name another program removes meanwhile', async () => {
    await withKeys(async (project) => {
      const pair = atWrite(() => rmSync(project.path('.bundleseal_key.old')));
      await expect(placePair(project.path('.bundleseal_key'), pair)).rejects.toMatchObject({
        code: 'ERR_FILE',
      });
      expect(read(project, '.bundleseal_key')).toBe(ours.privateKey);
      expect(read(project, '.bundleseal_key.pub')).toBe(ours.publicKey);
    });
  });

  it('keeps the key of another program if the rest of the work fails', async () => {
    await withKeys(async (project) => {
      const path = project.path('.bundleseal_key');
      const third = sealingPair(2).privateKey;
      const failing = placePair(path, next, async () => {
        rmSync(path);
        writeFileSync(path, third);
        throw new Error('refused');
      });
      await expect(failing).rejects.toThrow('refused');
      expect(read(project, '.bundleseal_key')).toBe(third);
      expect(read(project, '.bundleseal_key.old')).toBe(ours.privateKey);
    });
  });

  it.each([[['key', 'rotate']], [['key', 'create', '--force']]])(
    'refuses %j while another command writes the pair',
    async (args) => {
      await withKeys(async (project) => {
        await lockPair(project.path('.bundleseal_key'), async () => {
          const before = readdirSync(project.folder).sort();
          expect(await project.json(args)).toMatchObject({ code: 'ERR_FILE' });
          expect(readdirSync(project.folder).sort()).toEqual(before);
          expect(read(project, '.bundleseal_key')).toBe(ours.privateKey);
        });
        expect(readdirSync(project.folder).filter(isTemporary)).toEqual([]);
      });
    },
  );

  it('ignores the lock of a killed process', async () => {
    await withKeys(async (project) => {
      const mark = await nameTemporary('.bundleseal_key.lock');
      // No process of Linux has a number above 2^22.
      const dead = mark.replace(`-${process.pid}-`, `-${2 ** 22 + 1}-`);
      await project.write(dead, '');
      const rotated = await project.run(['key', 'rotate']);
      expect(rotated.code, rotated.stderr).toBe(0);
      expect(readdirSync(project.folder).filter(isTemporary)).toEqual([]);
    });
  });

  it('refuses a public file that belongs to another private key', async () => {
    await withKeys(async (project) => {
      await project.write('.bundleseal_key.pub', next.publicKey);
      expect(await project.json(['key', 'rotate'])).toMatchObject({ code: 'ERR_FILE' });
      expect(read(project, '.bundleseal_key')).toBe(ours.privateKey);
    });
  });

  it('says how to end it, and warns about a module that keeps the old key', async () => {
    await withKeys(async (project) => {
      await project.run(['key', 'save', '--module', 'key.mjs']);
      const { steps } = await project.json(['key', 'rotate', '--module', 'key.mjs']);
      expect((steps as string[]).at(-1)).toMatch(/key rotate --finish --module key\.mjs$/);
      const { stderr } = await project.run(['key', 'rotate', '--finish']);
      expect(stderr).toContain('key.mjs still exports the old key');
      const ended = await project.run(['key', 'rotate', '--finish', '--module', 'key.mjs']);
      expect(ended.stderr).not.toContain('still exports');
    });
  });
});
