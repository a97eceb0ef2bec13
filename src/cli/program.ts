// The command line as a whole: its commands, its help, and the mistakes in calling it.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { UsageError } from './answer.ts';
import { bundleConvert } from './commands/bundle-convert.ts';
import { bundleDecrypt } from './commands/bundle-decrypt.ts';
import { bundleEncrypt } from './commands/bundle-encrypt.ts';
import { bundleInspect } from './commands/bundle-inspect.ts';
import { bundleReseal } from './commands/bundle-reseal.ts';
import { bundleVerify } from './commands/bundle-verify.ts';
import { bundleZip } from './commands/bundle-zip.ts';
import { doctor } from './commands/doctor.ts';
import { keyCreate } from './commands/key-create.ts';
import { keyDeleteOld } from './commands/key-delete-old.ts';
import { keyRotate } from './commands/key-rotate.ts';
import { keySave } from './commands/key-save.ts';
import { keyShow } from './commands/key-show.ts';
import { releaseId } from './commands/release-id.ts';
import { releaseKeys } from './commands/release-keys.ts';
import { releaseList } from './commands/release-list.ts';
import { releasePromote } from './commands/release-promote.ts';
import { releasePrune } from './commands/release-prune.ts';
import { releasePublish } from './commands/release-publish.ts';
import { releaseRefresh } from './commands/release-refresh.ts';
import { releaseRollout } from './commands/release-rollout.ts';
import { releaseStamp } from './commands/release-stamp.ts';
import { releaseVerify } from './commands/release-verify.ts';
import { releaseWithdraw } from './commands/release-withdraw.ts';
import { reportError } from './run.ts';
import { print, writeText } from './terminal.ts';

const OVERVIEW = `
The way of a bundle:
  $ npx bundleseal key create                    # once: a key pair
  $ npx bundleseal key save --module src/key.ts  # the public key into a module of the app
  $ npx bundleseal bundle encrypt dist           # zip and seal the build
  $ npx bundleseal bundle verify dist.zip.sealed # what an app would say of it

Exit codes: 0 success, 1 bad data or key, 2 wrong usage.`;

/**
 * For a process that does nothing else: an error that no command has waited for ends it with a message, and one of a
 * standard stream reaches who writes to it. Both would end it with a stack trace.
 */
export function guardProcess(argv: readonly string[]): void {
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  process.on('uncaughtException', (error) => {
    void reportError(error, asksForJson(argv)).finally(() => process.exit());
  });
}

/** Runs the command that `argv` asks for, and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const isJson = asksForJson(argv);
  let shown = '';
  const program = createProgram((text) => {
    shown += text;
  });
  try {
    await program.parseAsync(withoutFlagsOfHelp(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) await reportError(error, isJson);
    // Help and the version end here too, as a success.
    else if (error.exitCode === 0) await show(error.code, shown, isJson);
    else await reportMistake(program, error, shown, isJson);
  }
}

/** The parser's `help` takes the name of a command and no flags. */
function withoutFlagsOfHelp(argv: readonly string[]): readonly string[] {
  const words = argv.filter((one) => one !== '--json' && one !== '--quiet');
  return words[0] === 'help' ? words : argv;
}

/** Help and the version: as text, or as one object. */
async function show(code: string, text: string, isJson: boolean): Promise<void> {
  if (!isJson) await writeText(text);
  else await print(code === 'commander.version' ? { version: text.trim() } : { help: text.trim() });
}

async function reportMistake(
  program: Command,
  error: CommanderError,
  help: string,
  isJson: boolean,
): Promise<void> {
  const isHelp = error.code === 'commander.help';
  if (isHelp && !isJson) {
    process.stderr.write(help);
    process.exitCode = 2;
    return;
  }
  const message = isHelp ? 'a command is missing' : withoutValues(error.message);
  const hint = error.code === 'commander.unknownCommand' ? hintOf(program, message) : '';
  await reportError(new UsageError(`${message}${hint}; see --help`), isJson);
}

/** `bundleseal encrypt` is short of its group's name. */
function hintOf(program: Command, message: string): string {
  const [, name] = /^unknown command '([\w-]+)'$/.exec(message) ?? [];
  const group = program.commands.find(({ commands }) =>
    commands.some((one) => one.name() === name),
  );
  return group === undefined ? '' : ` (Did you mean ${group.name()} ${name}?)`;
}

// An option or a command has a shorter name than this, and a line of a key is longer.
const PLAIN_NAME = /^[\w=….<>| ,-]{1,30}$/;

/** The parser's message in one line. An unknown option or command may be a key, so only a plain name is repeated. */
function withoutValues(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\n\((Did .*\?)\)$/, ' ($1)')
    .replace(/'([\s\S]*)'/, (_, text: string) => {
      const name = text.replace(/=[\s\S]*$/, '=…');
      return PLAIN_NAME.test(name) ? `'${name}'` : "'…'";
    });
}

/** Whether the object is asked for, where the arguments can't be parsed. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

function createProgram(write: (text: string) => void): Command {
  const program = new Command('bundleseal');
  program
    .description('Seals the bundles that apps download as over-the-air updates, and opens them.')
    .version(version(), '-V, --version')
    .addHelpText('after', OVERVIEW);
  const key = program.command('key').description('make, place and look at keys');
  for (const add of [keyCreate, keySave, keyDeleteOld, keyShow, keyRotate]) add(key);
  const bundle = program.command('bundle').description('zip, seal, open and check bundles');
  for (const add of [
    bundleZip,
    bundleEncrypt,
    bundleDecrypt,
    bundleVerify,
    bundleInspect,
    bundleReseal,
    bundleConvert,
  ]) {
    add(bundle);
  }
  const release = program
    .command('release')
    .description('publish releases, and look after a store');
  for (const add of [
    releasePublish,
    releaseList,
    releaseRollout,
    releaseWithdraw,
    releasePromote,
    releaseRefresh,
    releaseVerify,
    releasePrune,
    releaseStamp,
    releaseKeys,
    releaseId,
  ]) {
    add(release);
  }
  doctor(program);
  prepare(program, write);
  return program;
}

function prepare(command: Command, write: (text: string) => void): void {
  command
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({ writeOut: write, writeErr: write, outputError: () => {} })
    // Without a default: a group's own value, which is read first, would hide the command's.
    .option('--json', 'one JSON object on standard output, errors too')
    .option('--quiet', 'say nothing but warnings and errors');
  for (const child of command.commands) prepare(child, write);
}

function version(): string {
  // Beside dist/ in the package, and beside src/ in a clone.
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
