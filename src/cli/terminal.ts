// What the command line prints: lines for people on standard error, one JSON object on standard output.
//
// Names and metadata come from others. Both ways of printing escape every character that a terminal obeys or that
// changes the order of what is shown, so that no caller has to remember it.

import { styleText } from 'node:util';
import { fileError } from '../files/error.ts';

type Style = Parameters<typeof styleText>[0];

// Control characters, characters of format (the bidirectional overrides are among them), line and paragraph separators.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const SIGNS: Readonly<Record<string, Style>> = {
  '✓': 'green',
  '!': 'yellow',
  '?': 'yellow',
  '✗': 'red',
};

/** Text in which each control character and each character of format is written as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(
    UNSEEN,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
}

/** A JSON text in which the same characters are escaped, as JSON spells it. */
export function printableJson(value: object): string {
  return JSON.stringify(value).replace(UNSEEN, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/** Writes one line for people. A sign that it begins with gets its colour. */
export function say(line: string, style?: Style): void {
  const text = printable(line);
  const sign = text[0] ?? '';
  const of = SIGNS[sign];
  const painted = of === undefined ? text : `${paint(of, sign)}${text.slice(1)}`;
  process.stderr.write(`${style === undefined ? painted : paint(style, text)}\n`);
}

/**
 * Writes one JSON object and waits until the system has it.
 *
 * A reader that has closed the pipe wants no more, so that is no error.
 *
 * @throws {@link BundleSealError} `ERR_FILE`: standard output can't be written, for example on a full disk.
 */
export function print(object: object): Promise<void> {
  return writeText(`${printableJson(object)}\n`);
}

/** Writes a text of the command line's own, such as its help, as {@link print} does. */
export function writeText(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
      if (!error || code === 'EPIPE') resolve();
      else reject(fileError('standard output', "can't be written", error));
    });
  });
}

/** Colours, where a person sees them and has not declined. See https://no-color.org. */
function paint(style: Style, text: string): string {
  const { NO_COLOR, TERM } = process.env;
  const isColoured = process.stderr.isTTY === true && !NO_COLOR && TERM !== 'dumb';
  return isColoured ? styleText(style, text, { validateStream: false }) : text;
}
