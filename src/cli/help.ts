// Texts that several commands share, and the layout of help.

import type { Command } from 'commander';

/** Makes the examples of a command's help. */
export function examples(...lines: readonly string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  $ npx bundleseal ${line}`)].join('\n');
}

export const PUBLIC_KEY_HELP =
  'public key; several while keys rotate (default: .bundleseal_key.pub, then the Capacitor config)';

/** A count with its noun: "1 file", "2 files". */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function bytes(count: number): string {
  // Not by `toLocaleString`, which takes 13 ms to load the locales.
  return `${String(count).replace(/\B(?=(\d{3})+$)/g, ',')} bytes`;
}

/**
 * Quotes a path in a command that users copy into a shell, if it needs quotes. Windows has other quotes: cmd takes only these, and
 * no path has one.
 */
export function inShell(path: string, isWindows: boolean = process.platform === 'win32'): string {
  const plain = isWindows ? /^[\w./@:+,\\-]+$/ : /^[\w./@:+,-]+$/;
  if (plain.test(path)) return path;
  return isWindows ? `"${path}"` : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** Collects the values of a repeatable option. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Marks options that `--help` only names and `--help --all` describes. */
export function rare(command: Command, ...flags: readonly string[]): Command {
  for (const option of command.options) {
    if (flags.includes(option.long ?? '')) option.hideHelp();
  }
  return command;
}

/** Lays out the help of a command so that it fits a screen, or shows every option of it. */
export function layOutHelp(command: Command, isAll: boolean): void {
  const rest = command.options.filter(({ hidden }) => hidden);
  if (isAll) for (const option of rest) option.hideHelp(false);
  const all = rest.length > 0 && !isAll ? '; with --all every option' : '';
  command.helpOption('-h, --help', `show this${all}`).configureHelp({
    // Leaves out "(default: false)", which commander adds to every flag.
    optionDescription: ({ description, defaultValue }) =>
      typeof defaultValue === 'string' ? `${description} (default: ${defaultValue})` : description,
  });
  if (isAll || rest.length === 0) return;
  const names = rest.map(({ long }) => long).join(', ');
  const text = `Described by --help --all: ${names}`;
  command.addHelpText('after', `\n${command.createHelp().boxWrap(text, 80)}`);
}
