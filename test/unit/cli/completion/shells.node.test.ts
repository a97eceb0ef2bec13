// Completion, by the shells themselves: each loads the script that the command prints and completes words with it.

import { execFileSync, spawnSync } from 'node:child_process';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { COMMANDS, GROUPS } from '../../../../src/cli/catalogue.ts';
import { useCli, withProject } from '../../../support/cli.ts';
import { hasTerminal, onTerminal } from '../../../support/terminal.ts';

useCli();

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Programs that complete a line as the shell does when Tab is pressed, and print one word a line. */
const COMPLETE: Readonly<Record<Shell, readonly string[]>> = {
  bash: [
    '--norc',
    '-c',
    `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bundleseal; printf "%s\\n" "\${COMPREPLY[@]}"`,
    'bash',
  ],
  // Zsh completes in its line editor alone: what fills its menu is replaced, the rest is the script.
  zsh: [
    '-f',
    '-c',
    `compdef() {}; _files() {}; _describe() { print -rl -- "\${(@)list%%:*}" }; source "$1"; shift; words=("$@"); CURRENT=$#; _bundleseal`,
    'zsh',
  ],
  fish: ['--no-config', '-c', 'source $argv[1]; complete -C (string join -- " " $argv[2..-1])'],
};

async function withScript(
  shell: Shell,
  work: (complete: (...words: string[]) => string[]) => void | Promise<void>,
): Promise<void> {
  await withProject(async ({ run, write, path }) => {
    const { code, stdout } = await run(['completion', shell]);
    expect(code).toBe(0);
    await write('script', stdout);
    await work((...words) => {
      const args = [...COMPLETE[shell], path('script'), 'bundleseal', ...words];
      const text = execFileSync(shell, args, { encoding: 'utf8', cwd: path('.') });
      const last = words.at(-1) ?? '';
      return text
        .split('\n')
        .map((line) => line.split('\t')[0] as string)
        .filter((word) => word !== '' && word.startsWith(last))
        .sort();
    });
  });
}

const nameOf = (usage: string) => usage.split(' ')[0] as string;
const TOP = [
  ...GROUPS.map(({ name }) => name),
  ...COMMANDS.map(({ usage }) => nameOf(usage)),
].sort();

// In CI a missing shell is a failure, not a shorter run.
const skipped = SHELLS.filter(
  (shell) => process.env['CI'] === undefined && spawnSync(shell, ['-c', 'exit']).status !== 0,
);
for (const shell of skipped) {
  console.warn(`${shell}: skipped, it is not installed. Debian: apt-get install ${shell}.`);
}

describe.each(SHELLS)('completion in %s', (shell) => {
  const test = it.skipIf(skipped.includes(shell));

  test('says in the script and in the help how to define bundleseal if it is not on the PATH', async () => {
    await withProject(async ({ run }) => {
      const { stdout } = await run(['completion', shell]);
      const [, definition = ''] =
        /^# If bundleseal is not on the PATH, define it too: (.*)$/m.exec(stdout) ?? [];
      expect((await run(['completion', '--help'])).stdout).toContain(definition);
      const npx = shell === 'fish' ? 'function npx; echo $argv; end' : 'npx() { echo "$@"; }';
      const script = `${npx}\n${definition}\nbundleseal key show 'a b'`;
      const said = execFileSync(shell, ['-c', script], { encoding: 'utf8' });
      expect(said).toBe('bundleseal key show a b\n');
    });
  });

  test('offers the groups and commands of the catalogue', async () => {
    await withScript(shell, (complete) => {
      expect(complete('')).toEqual(TOP);
      for (const { name, commands } of GROUPS) {
        expect(complete(name, '')).toEqual(commands.map(({ usage }) => nameOf(usage)).sort());
      }
      expect(complete('--quiet', 'ke')).toEqual(['key']);
    });
  });

  test('offers every option of a command, and no other', async () => {
    const entry = GROUPS.flatMap(({ commands }) => commands).find(({ usage }) =>
      usage.startsWith('publish'),
    );
    const command = new Command();
    (await entry?.load())?.(command);
    const flags = command.options.map(({ long }) => long as string);
    await withScript(shell, (complete) => {
      expect(complete('release', 'publish', '--')).toEqual(
        [...flags, '--json', '--quiet', '--help'].sort(),
      );
      expect(complete('--')).toEqual(['--help', '--json', '--quiet', '--version']);
    });
  });

  test('offers fixed values, and leaves the names of files to the shell', async () => {
    await withScript(shell, (complete) => {
      expect(complete('completion', '')).toEqual([...SHELLS].sort());
      expect(complete('release', 'publish', 'dist', '--out', '')).toEqual(['full', 'new']);
      // Fish offers files itself; there is one in the folder.
      const files = complete('release', 'publish', '--store', '').filter((one) => one !== 'script');
      expect(files).toEqual([]);
    });
  });
});

const PROMPT = 'your turn> ';
// The terminal shows the typed line too. It differs from the prompt, so only the prompt is waited for.
const TYPED_PROMPT = `'your ''turn> '`;

/** How each shell starts without its settings. The function prints the words that the shell passes. */
const INTERACTIVE: Readonly<Record<Shell, readonly [start: string, prepare: string]>> = {
  bash: [
    'bash --norc --noprofile -i',
    `bundleseal() { printf "<%s>" "$@"; }; source ./script; PS1=${TYPED_PROMPT}`,
  ],
  zsh: [
    'zsh -f -i',
    `autoload -U compinit; compinit -u -D; bundleseal() { printf "<%s>" "$@"; }; source ./script; PS1=${TYPED_PROMPT}`,
  ],
  fish: [
    'fish --no-config -i',
    `function bundleseal; printf "<%s>" $argv; end; source ./script; function fish_prompt; echo -n ${TYPED_PROMPT}; end`,
  ],
};

describe.runIf(hasTerminal).each(SHELLS)('the Tab key in %s', (shell) => {
  it.skipIf(skipped.includes(shell)).each([
    ['an option with =', 'release publish dist --out=n\t', '<--out=new>'],
    ['an option with = and no value yet', 'release publish --out=\tfu\t', '<--out=full>'],
    ['an option with a space', 'release publish dist --out n\t', '<--out><new>'],
    ['a file after =', 'release publish --store=scr\t', '<--store=script>'],
    ['a command', 'release wi\t', '<withdraw>'],
  ])('completes the value of %s', async (_, typed, passed) => {
    await withProject(async ({ folder, run, write }) => {
      await write('script', (await run(['completion', shell])).stdout);
      const [start, prepare] = INTERACTIVE[shell];
      const { shown } = await onTerminal(folder, start, [
        ['', `${prepare}\n`],
        [PROMPT, `bundleseal ${typed}\n`],
        [PROMPT, 'exit\n'],
      ]);
      expect(shown).toContain(passed);
    });
  });
});

// Some systems make bash keep --option=value together.
describe.skipIf(skipped.includes('bash'))('completion in bash without = in COMP_WORDBREAKS', () => {
  it('offers the whole word', async () => {
    await withScript('bash', (complete) => {
      expect(complete('release', 'publish', '--out=n')).toEqual(['--out=new']);
      expect(complete('release', 'publish', '--out=')).toEqual(['--out=full', '--out=new']);
    });
  });
});

describe('bundleseal completion', () => {
  it('refuses another shell and names the three', async () => {
    await withProject(async ({ run }) => {
      const { code, stderr } = await run(['completion', 'tcsh']);
      expect(code).toBe(2);
      expect(stderr).toContain('bash, zsh, fish');
    });
  });

  it('gives the script as an object with --json', async () => {
    await withProject(async ({ json, run }) => {
      const { stdout } = await run(['completion', 'bash']);
      expect(await json(['completion', 'bash'])).toEqual({ shell: 'bash', script: stdout });
    });
  });
});
