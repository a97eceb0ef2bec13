// The command line: its commands, its help, and errors of usage.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { UsageError } from './answer.ts';
import { COMMANDS, type CommandEntry, GROUPS } from './catalogue.ts';
import { layOutHelp } from './help.ts';
import { inWordsOfManager } from './package-manager.ts';
import { print, writeText } from './print.ts';
import { reportError } from './run.ts';

const OVERVIEW = `
Run bundleseal alone to see how to start. Reports go to standard error; lists
and JSON to standard output. Exit codes: 0 success, 1 bad data or key, 2 wrong
usage.`;

const START = `bundleseal seals the bundles that apps download as updates.

Set up updates for the app in this folder:
  $ npx bundleseal init

Publish a release of it, with the scripts that init writes:
  $ npm run bundleseal:build
  $ npm run bundleseal:publish

Seal a bundle, without updates:
  $ npx bundleseal key create
  $ npx bundleseal bundle encrypt dist

All commands: npx bundleseal --help
Commands of a group: npx bundleseal release --help
`;

/**
 * Handles uncaught errors of the process: prints a message instead of a stack trace. Errors of standard streams are
 * reported to the code that writes to them.
 */
export function guardProcess(argv: readonly string[]): void {
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  process.on('uncaughtException', (error) => {
    void reportError(error, asksForJson(argv)).finally(() => process.exit());
  });
}

/** Runs the command in `argv` and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const isJson = asksForJson(argv);
  if (argv.length === 0) return writeText(inWordsOfManager(START));
  let shown = '';
  const program = await createProgram(argv, (text) => {
    shown += text;
  });
  try {
    await program.parseAsync(withoutFlagsOfHelp(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) await reportError(error, isJson);
    // The parser also throws after help and version, with exit code 0.
    else if (error.exitCode === 0) await show(error.code, shown, isJson);
    else await reportMistake(program, argv, error, shown);
  }
}

/**
 * Removes the flags that the parser's help does not know: its `help` accepts only the name of a command. A command of a group has
 * its help in that group: `help release publish` becomes `release help publish`.
 */
function withoutFlagsOfHelp(argv: readonly string[]): readonly string[] {
  const words = argv.filter((one) => !['--json', '--quiet', '--all'].includes(one));
  if (words[0] === 'help') return [...words.slice(1, -1), 'help', ...words.slice(1).slice(-1)];
  return asksForAll(argv) ? argv.filter((one) => one !== '--all') : argv;
}

/** Whether help has to describe every option. */
function asksForAll(argv: readonly string[]): boolean {
  return (
    argv.includes('--all') && (argv[0] === 'help' || argv.some((one) => /^(-h|--help)$/.test(one)))
  );
}

/** Prints help or the version, as text or as one JSON object. */
async function show(code: string, shown: string, isJson: boolean): Promise<void> {
  const text = inWordsOfManager(shown);
  if (!isJson) await writeText(text);
  else await print(code === 'commander.version' ? { version: text.trim() } : { help: text.trim() });
}

async function reportMistake(
  program: Command,
  argv: readonly string[],
  error: CommanderError,
  help: string,
): Promise<void> {
  const isJson = asksForJson(argv);
  // A group without a command shows its help, as bundleseal without a command does.
  const isHelp = error.code === 'commander.help';
  if (isHelp && !isJson) return writeText(inWordsOfManager(help));
  const message = isHelp ? 'a command is missing' : withoutValues(error.message);
  const path = commandIn(program, argv).path.join(' ');
  const hint =
    error.code === 'commander.unknownCommand'
      ? hintOf(program, message)
      : NEEDS_EXAMPLE.has(error.code)
        ? exampleOf(program, argv)
        : '';
  await reportError(new UsageError(`${message}${hint}; see npx ${path} --help`), isJson);
}

/** Suggests the group if the user left it out, as in `bundleseal encrypt`. */
function hintOf(program: Command, message: string): string {
  const [, name] = /^unknown command '([\w-]+)'$/.exec(message) ?? [];
  if (name === 'version') return ' (Did you mean --version?)';
  const group = program.commands.find(({ commands }) =>
    commands.some((one) => one.name() === name),
  );
  return group === undefined ? '' : ` (Did you mean ${group.name()} ${name}?)`;
}

const NEEDS_EXAMPLE = new Set([
  'commander.missingArgument',
  'commander.missingMandatoryOptionValue',
  'commander.excessArguments',
]);

/** Finds the command that `argv` names, and its names from the outermost one. */
function commandIn(
  program: Command,
  argv: readonly string[],
): { readonly command: Command; readonly path: readonly string[] } {
  let command = program;
  const path = [program.name()];
  for (const word of argv) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) continue;
    command = next;
    path.push(word);
  }
  return { command, path };
}

/** Shows the first example in the help of the command that `argv` names. */
function exampleOf(program: Command, argv: readonly string[]): string {
  const { command } = commandIn(program, argv);
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  const [, example] = /^ {2}\$ (.+)$/m.exec(help) ?? [];
  return example === undefined ? '' : `, as in "${example}"`;
}

// Names of options and commands are shorter than this, and lines of a key are longer.
const PLAIN_NAME = /^[\w=….<>| ,-]{1,30}$/;

/** The parser's message in one line. An unknown option or command may be a key, so only a plain name is repeated. */
function withoutValues(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\n\((Did .*\?)\)$/, ' ($1)')
    .replace(/\. Expected (.*) but got (\d+)\.?$/, ': $1 expected, got $2')
    .replace(
      /^command-argument value '[\s\S]*' is invalid for argument '(\w+)'\. Allowed choices are (.*)\.$/,
      '<$1> takes $2',
    )
    .replace(/'([\s\S]*)'/, (_, text: string) => {
      const name = text.replace(/=[\s\S]*$/, '=…');
      return PLAIN_NAME.test(name) ? `'${name}'` : "'…'";
    });
}

/** Whether `--json` is among arguments that cannot be parsed. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/**
 * Creates all commands. Only the commands whose names are in `argv` get options and can run. Help lists the other commands.
 */
async function createProgram(
  argv: readonly string[],
  write: (text: string) => void,
): Promise<Command> {
  const program = new Command('bundleseal');
  program
    .description('Seals the bundles that apps download as over-the-air updates, and opens them.')
    .version(version(), '-V, --version')
    .addHelpText('after', OVERVIEW);
  for (const { name, description, commands } of GROUPS) {
    const [first = '', ...rest] = description;
    const sentence = `${first.toUpperCase()}${rest.join('')}.`;
    const group = program.command(name).summary(description).description(sentence);
    for (const entry of commands) await add(group, entry, argv);
  }
  for (const entry of COMMANDS) await add(program, entry, argv);
  prepare(program, write, asksForAll(argv));
  return program;
}

async function add(
  group: Command,
  { usage, summary, load }: CommandEntry,
  argv: readonly string[],
): Promise<void> {
  const [name] = usage.split(' ') as [string];
  if (!argv.includes(name)) group.command(usage).summary(summary);
  else (await load())(group.command(name).summary(summary));
}

function prepare(command: Command, write: (text: string) => void, isAll: boolean): void {
  command
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({ writeOut: write, writeErr: write, outputError: () => {} })
    // No default value: the default of a group would override the command's value.
    .option('--json', 'print one JSON object, also for errors')
    .option('--quiet', 'print only warnings and errors');
  layOutHelp(command, isAll);
  for (const child of command.commands) prepare(child, write, isAll);
}

function version(): string {
  // package.json is beside dist/ in the package, and beside src/ in a clone.
  const text = ['../package.json', '../../package.json'].map((path) => {
    try {
      return readFileSync(new URL(path, import.meta.url), 'utf8');
    } catch {
      return '';
    }
  });
  const found = text.find((one) => one !== '') ?? '{}';
  return String((JSON.parse(found) as { version?: unknown }).version);
}
