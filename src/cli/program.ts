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
import { reportError } from './run.ts';

const OVERVIEW = `
The way of a bundle:
  $ npx bundleseal key create                    # once: a key pair
  $ npx bundleseal key save                      # the public key into capacitor.config
  $ npx bundleseal bundle encrypt dist           # zip and seal the build
  $ npx bundleseal bundle verify dist.zip.sealed # what an app would say of it

Exit codes: 0 success, 1 bad data or key, 2 wrong usage.`;

/** Runs the command that `argv` asks for, and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = createProgram();
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end here too, as a success.
    if (error.exitCode === 0) return;
    const isHelp = error.code === 'commander.help';
    const message = isHelp ? 'a command is missing' : error.message.replace(/^error: /, '');
    const isJson = argv.includes('--json');
    if (isHelp && !isJson) process.exitCode = 2;
    else reportError(new UsageError(`${message}; see --help`), isJson);
  }
}

function createProgram(): Command {
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
  doctor(program);
  prepare(program);
  return program;
}

function prepare(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => {} });
  for (const child of command.commands) prepare(child);
  if (command.commands.length > 0) return;
  command
    .option('--json', 'one JSON object on standard output, errors too', false)
    .option('--quiet', 'say nothing but warnings and errors', false);
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
