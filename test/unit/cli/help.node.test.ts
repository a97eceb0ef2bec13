// Help on a terminal of 80 columns: that of bundleseal and of a group fits 24 lines, and that of a command 40.

import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { COMMANDS, type CommandEntry, GROUPS } from '../../../src/cli/catalogue.ts';
import { useCli, withProject } from '../../support/cli.ts';

useCli();

const nameOf = ({ usage }: CommandEntry) => usage.split(' ')[0] as string;
const ALL: readonly (readonly [string, CommandEntry])[] = [
  ...GROUPS.flatMap(({ name, commands }) =>
    commands.map((entry): [string, CommandEntry] => [`${name} ${nameOf(entry)}`, entry]),
  ),
  ...COMMANDS.map((entry): [string, CommandEntry] => [nameOf(entry), entry]),
];

/** The lines that a terminal of 80 columns shows. */
const shownLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 0);

async function helpOf(...args: string[]): Promise<string> {
  let text = '';
  await withProject(async ({ run }) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    text = stdout;
  });
  return text;
}

describe('the help of bundleseal', () => {
  it('names the default file of the recovery key', async () => {
    const text = await helpOf('release', 'list', '--help', '--all');
    expect(text.replace(/\s+/g, ' ')).toContain('(default: .bundleseal_recovery_key.pub)');
  });

  it.each([
    ['bundle encrypt', true],
    ['bundle convert', true],
    ['bundle reseal', false],
    ['release publish', false],
  ])(
    "of %s names the places of Capgo's keys only if it signs with them: %s",
    async (name, does) => {
      const text = await helpOf(...name.split(' '), '--help', '--all');
      expect(text).toContain('.bundleseal_key');
      expect(text.includes('CAPGO_PRIVATE_KEY')).toBe(does);
    },
  );

  it('fits a terminal of 24 lines', async () => {
    const text = await helpOf('--help');
    expect(shownLines(text)).toBeLessThanOrEqual(24);
    for (const name of [...GROUPS.map((one) => one.name), ...COMMANDS.map(nameOf)]) {
      expect(text).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  it.each(GROUPS.map(({ name }) => name))('of %s fits a terminal of 24 lines', async (name) => {
    expect(shownLines(await helpOf(name, '--help'))).toBeLessThanOrEqual(24);
  });

  it.each([['--help'], ['release', 'publish', '--help'], ['release', 'verify', '--help']])(
    'says where the report goes, as in the help of %s %s',
    async (...args) => {
      const text = await helpOf(...args.filter((one) => one !== undefined));
      expect(text.replace(/\s+/g, ' ')).toMatch(/Reports (go )?to standard error/);
    },
  );

  it.each(ALL)('of %s takes at most 40 lines and names every option', async (name, entry) => {
    const text = await helpOf(...name.split(' '), '--help');
    expect(shownLines(text)).toBeLessThanOrEqual(40);
    const command = new Command();
    (await entry.load())(command);
    const flags = command.options.map(({ long }) => long as string);
    for (const flag of flags) expect(text).toContain(flag);
  });

  it.each(ALL)('of %s describes every option with --all', async (name, entry) => {
    const text = await helpOf(...name.split(' '), '--help', '--all');
    const command = new Command();
    (await entry.load())(command);
    for (const { flags } of command.options) expect(text).toContain(`  ${flags} `);
    expect(text).not.toContain('--help --all');
    expect(await helpOf('help', ...name.split(' '), '--all')).toBe(text);
    if (!name.includes(' ')) return;
    expect(await helpOf('help', name.split(' ')[0] as string, '--all')).toContain('Commands:');
  });
});

describe('bundleseal without arguments', () => {
  it('shows the three ways to start on standard output, and exits with 0', async () => {
    await withProject(async ({ run }) => {
      const { code, stdout, stderr } = await run([]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(shownLines(stdout)).toBeLessThanOrEqual(16);
      const commands = [...stdout.matchAll(/\$ (.*)/g)].map(([, one]) => one);
      expect(commands).toEqual([
        'npx bundleseal init',
        'npm run bundleseal:build',
        'npm run bundleseal:publish',
        'npx bundleseal key create',
        'npx bundleseal bundle encrypt dist',
      ]);
      expect(stdout).toContain('npx bundleseal --help');
    });
  });

  it('is wrong usage with --json', async () => {
    await withProject(async ({ run }) => {
      const { code, stdout } = await run(['--json']);
      expect(code).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({ code: 'ERR_USAGE' });
    });
  });
});
