// Paths of the user in commands that a message names: a shell must read each path as one word.

import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { inShell } from '../../../src/cli/help.ts';
import { useCli, withProject } from '../../support/cli.ts';
import { runInside } from '../../support/cli-inside.ts';
import { ours } from '../../support/cli-keys.ts';
import { CHANNEL, withApp } from '../../support/cli-release.ts';

useCli();

/** Returns the words that a shell makes of a command or of flags. */
function wordsOf(command: string): string[] {
  const script = `bundleseal() { printf '%s\\n' "$@"; }; ${command}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n');
}

const FOLDER = "Bob's keys & more";
const KEY = `${FOLDER}/k`;

describe('a path in a command of a message', () => {
  it.each(["Bob's keys", '$HOME/`k`', 'a\\b', '~/k', 'a b;c', 'größe', 'keys/.k.pub'])(
    'is one word for a shell: %s',
    (path) => {
      expect(wordsOf(`bundleseal ${inShell(path, false)}`)).toEqual([path]);
    },
  );

  it('keeps its backslashes on Windows, and gets the quotes that cmd takes', () => {
    expect(inShell('C:\\keys\\k', true)).toBe('C:\\keys\\k');
    expect(inShell("C:\\Bob's keys\\k", true)).toBe('"C:\\Bob\'s keys\\k"');
  });

  it('is one word in every step of key rotate, and in its warning', async () => {
    await withProject(async ({ json, run, write }) => {
      await write(KEY, ours.privateKey);
      await write(`${KEY}.pub`, ours.publicKey);
      await run(['key', 'save', '--module', `${FOLDER}/key.mjs`, '--key', `${KEY}.pub`]);
      const { steps } = (await json(['key', 'rotate', '--key', KEY])) as { steps: string[] };
      const [save, , seal, reseal, finish] = steps as [string, string, string, string, string];
      expect(wordsOf(save.slice(save.indexOf('bundleseal ')))).toEqual([
        ...['key', 'save', '--module', 'FILE'],
        ...['--key', `${KEY}.pub`, '--key', `${KEY}.old.pub`],
      ]);
      expect(wordsOf(seal.replace(/^.* seal for them with/, 'bundleseal'))).toEqual([
        '--key',
        `${KEY}.old`,
      ]);
      expect(wordsOf(reseal.slice(reseal.indexOf('bundleseal ')))).toEqual([
        ...['bundle', 'reseal', 'FILE', '--from', `${KEY}.old.pub`, '--key', KEY],
      ]);
      const finishing = ['key', 'rotate', '--finish', '--key', KEY];
      expect(wordsOf(finish.slice(finish.indexOf('bundleseal ')))).toEqual(finishing);
      const module = ['--module', `${FOLDER}/key.mjs`];
      await run(['key', 'save', ...module, '--key', `${KEY}.pub`, '--key', `${KEY}.old.pub`]);
      const { warnings } = (await json(finishing)) as { warnings: string[] };
      expect(wordsOf(warnings[0]?.replace(/^.*: npx bundleseal/, 'bundleseal') as string)).toEqual([
        ...['key', 'rotate', '--finish', ...module],
      ]);
    });
  });

  it('is one word where doctor says how to make the pair again', async () => {
    await withProject(async ({ json, write }) => {
      await write(KEY, 'no key');
      const { findings } = (await json(['doctor', '--key', KEY])) as {
        findings: { code: string; mend?: string }[];
      };
      const { mend = '' } = findings.find(({ code }) => code === 'PRIVATE_KEY_INVALID') ?? {};
      expect(wordsOf(mend.slice(mend.indexOf('bundleseal ')))).toEqual([
        ...['key', 'create', '--force', '--out', KEY],
      ]);
    });
  });

  it('is one word where doctor finds a private key in the config of a subfolder', async () => {
    await withProject(async ({ json, run, write }) => {
      const config = `${FOLDER}/capacitor.config.json`;
      const plugins = { CapacitorUpdater: { privateKey: ours.privateKey } };
      await write(config, JSON.stringify({ plugins }));
      await write('.bundleseal_key', ours.privateKey);
      const { findings } = (await json(['doctor'])) as {
        findings: { code: string; mend?: string }[];
      };
      const { mend = '' } = findings.find(({ code }) => code === 'CONFIG_PRIVATE_KEY') ?? {};
      const command = wordsOf(/\(npx (bundleseal .*)\),/.exec(mend)?.[1] as string);
      expect(command).toEqual(['key', 'delete-old', '--config', config]);
      expect((await run(command)).code).toBe(0);
    });
  });

  it('is one word where git has the private key', async () => {
    await withProject(async ({ folder, json, write }) => {
      await write(KEY, ours.privateKey);
      for (const args of [
        ['init', '-q'],
        ['add', '.'],
      ])
        spawnSync('git', args, { cwd: folder });
      const made = await json(['key', 'create', '--bits', '3072', '--out', KEY, '--force']);
      const [, command = ''] =
        /\((git rm .*)\)/.exec((made['warnings'] as string[])[0] ?? '') ?? [];
      expect(wordsOf(command.replace('git', 'bundleseal'))).toEqual(['rm', '--cached', KEY]);
    });
  });

  it('is one word where the private key is in a folder above', async () => {
    await withApp(async ({ path, write }) => {
      await write('.git/config', '');
      await write("app's/dist/index.html", '');
      const ran = await runInside(['bundle', 'encrypt', 'dist'], { cwd: path("app's") });
      expect(wordsOf(`bundleseal ${/pass (--key .*)$/m.exec(ran.stderr)?.[1]}`)).toEqual([
        ...['--key', '../.bundleseal_key'],
      ]);
    });
  });

  it('is quoted, and so is a version that the user has given', async () => {
    await withApp(async (project) => {
      const publish = ['release', 'publish', 'dist', ...CHANNEL];
      await project.run([...publish, '--app-version', '1.0 beta']);
      const renamed = await project.run([...publish, '--app-version', '1.0.1']);
      expect(renamed.stderr).toContain("with --app-version '1.0 beta', which");
      const promoted = await project.run(['release', 'promote', '1.0 beta', ...CHANNEL]);
      expect(promoted.stderr).toContain("run npx bundleseal release promote '1.0 beta' --first\n");
    });
  });
});
