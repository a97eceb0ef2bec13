// Every command with its options, as a shell completes them. It is read from the commands, so it cannot differ from them.

import { Command, type Option } from 'commander';
import type { CommandEntry, Group } from '../catalogue.ts';

/** An option, or a command below another one. */
export interface Word {
  readonly word: string;
  readonly about: string;
}

export interface OptionWord extends Word {
  /** Whether a value follows. */
  readonly takesValue: boolean;
  /** The values, if there are only these. */
  readonly values: readonly string[];
}

/** A place on the command line: after `bundleseal`, after a group or after a command. */
export interface CommandPlace {
  /** The words before the place, for example `key create`. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly OptionWord[];
  /** The values of the operand, if there are only these. */
  readonly operands: readonly string[];
}

const COMMON: readonly OptionWord[] = [
  ['--json', 'print one JSON object, also for errors'],
  ['--quiet', 'print only warnings and errors'],
  ['--help', 'show help'],
].map(([word = '', about = '']) => ({ word, about, takesValue: false, values: [] }));

const VERSION: OptionWord = {
  word: '--version',
  about: 'output the version number',
  takesValue: false,
  values: [],
};

/** Loads every command and returns all places, the outermost first. */
export async function readPlaces(all: readonly (CommandEntry | Group)[]): Promise<CommandPlace[]> {
  const top = all.map((one) =>
    'usage' in one ? wordOf(one) : { word: one.name, about: one.description },
  );
  const places: CommandPlace[] = [
    { path: '', commands: top, options: [...COMMON, VERSION], operands: [] },
  ];
  for (const one of all) {
    if ('usage' in one) {
      places.push(await placeOf(one, ''));
      continue;
    }
    places.push({
      path: one.name,
      commands: one.commands.map(wordOf),
      options: COMMON,
      operands: [],
    });
    for (const entry of one.commands) places.push(await placeOf(entry, `${one.name} `));
  }
  return places;
}

function wordOf({ usage, summary }: CommandEntry): Word {
  return { word: usage.split(' ')[0] as string, about: summary };
}

async function placeOf(entry: CommandEntry, group: string): Promise<CommandPlace> {
  const { word } = wordOf(entry);
  const command = new Command(word);
  (await entry.load())(command);
  return {
    path: group + word,
    commands: [],
    options: [...command.options.map(optionWord), ...COMMON],
    operands: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  };
}

function optionWord(option: Option): OptionWord {
  const { long, description, flags, argChoices } = option;
  const [, listed] = /<([\w-]+(?:\|[\w-]+)+)>/.exec(flags) ?? [];
  return {
    word: long as string,
    about: description,
    takesValue: option.required || option.optional,
    // Ignores `<url|folder>`, which names two kinds of values and not two values.
    values:
      argChoices ??
      (listed === undefined || /url|folder|dir/.test(listed) ? [] : listed.split('|')),
  };
}
