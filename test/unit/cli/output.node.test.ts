// What the command line prints: for people, for programs, and of untrusted text.

import { describe, expect, it } from 'vitest';
import { GROUPS } from '../../../src/cli/catalogue.ts';
import { escapeInvisible, printableJson } from '../../../src/cli/print.ts';
import {
  asUsage,
  inWordsOf,
  inWordsOfWorkflow,
  NAMED_FLAGS,
} from '../../../src/cli/translate-messages.ts';
import { encryptBundle } from '../../../src/index.ts';
import { runIn, useCli, withProject } from '../../support/cli.ts';
import { keyB } from '../../support/vectors.ts';

useCli();

// ESC, C1 control sequence introducer, DEL, next line, right-to-left override, isolate, line separator, a tag.
const HOSTILE =
  '\u001b[2J\u009b2J\u007f\u0085\u202egro.live\u2066\u2028\u{e0041}\r\n✓ it is the expected bundle';
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Whether a text has nothing that a terminal obeys, the ends of lines apart. */
function isPlain(text: string): boolean {
  return !OBEYED.test(text.replaceAll('\n', ''));
}

describe('existing files of other programs', () => {
  it('reaches a terminal escaped', () => {
    expect(OBEYED.test(escapeInvisible(HOSTILE))).toBe(false);
    expect(escapeInvisible('\u001b[2J\u202e')).toBe('\\u{1b}[2J\\u{202e}');
    expect(escapeInvisible('Grüße, 日本語, 👍')).toBe('Grüße, 日本語, 👍');
  });

  it('reaches a program as the same value, in JSON without such characters', () => {
    const json = printableJson({ [HOSTILE]: HOSTILE, lone: '\ud800' });
    expect(OBEYED.test(json)).toBe(false);
    expect(JSON.parse(json)).toEqual({ [HOSTILE]: HOSTILE, lone: '\ud800' });
  });

  it('is escaped in metadata, in expectations that fail and in names of files', async () => {
    const { pkcs8: privateKey, spki: publicKey } = keyB;
    const sealed = await encryptBundle(new Uint8Array(10), {
      privateKey,
      metadata: { appId: HOSTILE, version: HOSTILE, channel: HOSTILE, [`x${HOSTILE}`]: HOSTILE },
    });
    await withProject(async ({ run, write }) => {
      await write('k.pub', publicKey);
      await write('evil.sealed', sealed.bytes);
      const verify = ['bundle', 'verify', 'evil.sealed', '--key', 'k.pub'];
      for (const args of [
        ['bundle', 'inspect', 'evil.sealed'],
        verify,
        [...verify, '--expect-app-id', 'org.good'],
        [...verify, '--expect-version', '1'],
        ['key', 'show', `nothing-${HOSTILE}`],
        ['bundle', 'zip', HOSTILE],
        [HOSTILE],
        ['key', 'show', 'k.pub', `--${HOSTILE}`],
      ]) {
        const people = await run(args);
        expect(isPlain(people.stderr), JSON.stringify(people.stderr)).toBe(true);
        expect(people.stderr).not.toMatch(/^✓ it is the expected bundle/m);
        const { stdout } = await run([...args, '--json']);
        expect(isPlain(Buffer.from(stdout, 'latin1').toString())).toBe(true);
        expect(JSON.parse(stdout)).toBeTypeOf('object');
      }
    });
  });
});

describe('a wrong call', () => {
  it('gets the name of the missing argument', async () => {
    await withProject(async ({ json }) => {
      const { code, message } = await json(['bundle', 'encrypt']);
      expect(code).toBe('ERR_USAGE');
      expect(message).toMatch(/missing required argument '[a-z|]+'/);
    });
  });

  it.each(
    GROUPS.flatMap(({ name, commands }) =>
      commands.filter(({ usage }) => usage.includes('<')).map(({ usage }) => `${name} ${usage}`),
    ),
  )('of %s without its argument gets an example of the command', async (usage) => {
    const name = usage.replace(/ <.*/, '');
    await withProject(async ({ json }) => {
      const { code, message } = await json(name.split(' '));
      expect(code).toBe('ERR_USAGE');
      expect(message).toMatch(
        new RegExp(
          `^(missing required argument '[a-z|]+'|required option '--[a-z]+ <[a-z]+>' not specified), as in "npx bundleseal ${name} [^-"][^"]*"; see npx bundleseal ${name} --help$`,
        ),
      );
    });
  });

  it('with too many arguments gets their number and an example of the command', async () => {
    await withProject(async ({ json }) => {
      const { code, message } = await json(['release', 'rollout', '1.0.0', '50%']);
      expect(code).toBe('ERR_USAGE');
      expect(message).toBe(
        'too many arguments for \'rollout\': 1 argument expected, got 2, as in "npx bundleseal release rollout 100%"; see npx bundleseal release rollout --help',
      );
    });
  });

  it.skipIf(process.platform === 'win32')('gets an error if its folder was removed', async () => {
    await withProject(async ({ folder, cli }) => {
      const script = `mkdir gone && cd gone && rmdir ../gone && "$0" "$1" doctor --json`;
      const { code, stdout } = await runIn(folder, 'sh', ['-c', script, process.execPath, cli]);
      expect(code).toBe(1);
      expect(JSON.parse(stdout).message).toContain('current folder was removed');
    });
  });
});

describe('help and the version', () => {
  it.each([
    [['--version'], 'version'],
    [['--help'], 'help'],
    [['help'], 'help'],
    [['bundle', '--help'], 'help'],
    [['bundle', 'encrypt', '--help'], 'help'],
  ])('%j gives one object with --json', async (args, member) => {
    await withProject(async ({ run }) => {
      const { code, stdout, stderr } = await run([...args, '--json']);
      expect(code).toBe(0);
      expect(stderr).toBe('');
      expect(stdout.trim().split('\n')).toHaveLength(1);
      expect(Object.keys(JSON.parse(stdout))).toEqual([member]);
      const text = await run(args);
      expect(text.stdout.trim()).toBe(JSON.parse(stdout)[member]);
    });
  });

  it('takes --json before the command and before its group', async () => {
    await withProject(async ({ run }) => {
      for (const args of [
        ['--json', 'key', 'show', 'x'],
        ['key', '--json', 'show', 'x'],
        ['key', 'show', '--json', 'x'],
      ]) {
        const { stdout, stderr } = await run(args);
        expect(JSON.parse(stdout)).toMatchObject({ code: 'ERR_FILE', path: 'x' });
        expect(stderr).toBe('');
      }
    });
  });
});

it('a message counts one file in the singular', async () => {
  await withProject(async ({ run, write }) => {
    await write('dist/index.html', '<p>');
    expect((await run(['bundle', 'zip', 'dist'])).stderr).toContain('✓ dist.zip  1 file, ');
    await write('dist/a.js', '');
    const again = await run(['bundle', 'zip', 'dist', '--force']);
    expect(again.stderr).toContain('✓ dist.zip  2 files, ');
  });
});

describe('an error of usage', () => {
  it.each([
    [['encrypt', 'dist'], "unknown command 'encrypt' (Did you mean bundle encrypt?)", ''],
    [['version'], "unknown command 'version' (Did you mean --version?)", ''],
    [['bundle', 'encrpt'], "unknown command 'encrpt' (Did you mean encrypt?)", ' bundle'],
    [
      ['bundle', 'verify', '--jsn'],
      "unknown option '--jsn' (Did you mean --json?)",
      ' bundle verify',
    ],
    [['bundle', 'verify', '--chek=abc', 'x'], "unknown option '--chek=…'", ' bundle verify'],
    [['release', 'list', '--al'], "unknown option '--al' (Did you mean --all?)", ' release list'],
    [['completion', 'powershell'], '<shell> takes bash, zsh, fish', ' completion'],
  ])(
    '%j is told with what may have been meant, and the help to read',
    async (args, message, of) => {
      await withProject(async ({ run }) => {
        const { code, stderr } = await run(args);
        expect(code).toBe(2);
        expect(stderr).toContain(`✗ ${message}; see npx bundleseal${of} --help\n  ERR_USAGE\n`);
      });
    },
  );

  it('repeats no part of a key that was passed instead of a name', async () => {
    const { pkcs8: privateKey } = keyB;
    const body = privateKey.split('\n').slice(1, -2);
    const whole = Buffer.from(privateKey).toString('base64');
    await withProject(async ({ run, write }) => {
      await write('in.zip', 'zip');
      for (const key of [privateKey, body.join(''), whole, privateKey.replaceAll('\n', '\\n')]) {
        for (const args of [
          ['key', 'show', key],
          ['key', key],
          [key],
          ['key', 'show', `--key${key}`],
          ['bundle', 'encrypt', 'in.zip', '--out', 'o', '--key', key],
          ['bundle', 'zip', key],
        ]) {
          const { code, stdout, stderr } = await run(key === whole ? args : [...args, '--json']);
          expect(code).toBeGreaterThan(0);
          for (const part of [...body, whole.slice(100, 140)]) {
            expect((stdout + stderr).includes(part.slice(8, 40))).toBe(false);
          }
        }
      }
    });
  });
});

describe('messages of the library', () => {
  it('name flags of the command and not options of the library', () => {
    const flags = ['--chunk-size', '--expect-app-id', '--key', '--overwrite'];
    expect(inWordsOf(flags, 'options.chunkSize expected a power of two')).toBe(
      '--chunk-size expected a power of two',
    );
    expect(inWordsOf(flags, 'options.expect.appId expected a string')).toBe(
      '--expect-app-id expected a string',
    );
    expect(inWordsOf(['--from', '--key'], 'options.publicKey expected a key')).toBe(
      '--from expected a key',
    );
    expect(
      inWordsOf(flags, 'pass a new or an empty folder, or overwrite: true to replace it'),
    ).toBe('pass a new or an empty folder, or --overwrite to replace it');
    expect(inWordsOf([], 'raise maxRatio if the archive is yours')).not.toContain('maxRatio');
    expect(inWordsOf([], 'no Capacitor config with a publicKey')).toBe(
      'no Capacitor config with a publicKey',
    );
  });

  it('name the command that creates a channel if the command itself does not', () => {
    const message = 'If the channel is new, publish to it with create: true';
    expect(inWordsOf(['--create'], message)).toBe(
      'If the channel is new, publish to it with --create',
    );
    expect(inWordsOf(['--from'], message)).toBe(
      'If the channel is new, publish to it with npx bundleseal release publish --create',
    );
  });

  it('name the input that creates a channel in a run of the workflow of init, and in no other', () => {
    const message = 'If the channel is new, publish to it with create: true';
    const ref = (name: string) => ({
      GITHUB_WORKFLOW_REF: `a/b/.github/workflows/${name}.yml@refs/heads/main`,
    });
    expect(inWordsOfWorkflow(message, ref('bundleseal'))).toBe(
      'If the channel is new, start the workflow with "The channel is new"',
    );
    expect(inWordsOfWorkflow(message, ref('other'))).toBe(message);
    expect(inWordsOfWorkflow(message, {})).toBe(message);
  });

  it('name only flags that some command has', async () => {
    await withProject(async ({ run }) => {
      let help = '';
      for (const args of [
        ...['create', 'save', 'rotate'].map((name) => ['key', name]),
        ...['zip', 'encrypt', 'decrypt', 'verify', 'reseal', 'convert'].map((name) => [
          'bundle',
          name,
        ]),
        ...['publish', 'promote', 'rollout', 'list', 'keys'].map((name) => ['release', name]),
      ]) {
        help += (await run([...args, '--help'])).stdout;
      }
      const unknown = NAMED_FLAGS.filter((flag) => !help.includes(flag));
      expect(unknown).toEqual([]);
    });
  });

  it('become usage errors if they concern an option, and not if the program is faulty', () => {
    expect(asUsage(new RangeError('options.chunkSize expected a power of two'))).toMatchObject({
      code: 'ERR_USAGE',
    });
    expect(asUsage(new TypeError('input expected a path, got an empty string'))).toMatchObject({
      code: 'ERR_USAGE',
    });
    for (const fault of [
      new RangeError('Maximum call stack size exceeded'),
      new RangeError('Array buffer allocation failed'),
      new TypeError("Cannot read properties of undefined (reading 'x')"),
    ]) {
      expect(asUsage(fault)).toBe(fault);
    }
  });
});
