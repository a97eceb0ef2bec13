// Prints lines for people to standard error. Prints what a command shows, or one JSON object, to standard output.
//
// Names and metadata are untrusted. Both ways of printing escape every control character and every character that
// changes the direction of text, so that callers need not.

import { styleText } from 'node:util';
import { fileError, UNWRITABLE } from '../files/error.ts';

type Style = Parameters<typeof styleText>[0];

// Control characters, format characters (including bidirectional overrides), line and paragraph separators.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const SIGNS: Readonly<Record<string, Style>> = {
  '✓': 'green',
  '!': 'yellow',
  '?': 'yellow',
  '✗': 'red',
};

/** Escapes each control and format character of a text as `\u{…}`. */
export function escapeInvisible(text: string): string {
  return text.replace(
    UNSEEN,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
}

/** Encodes a value as JSON with the same characters escaped in JSON's syntax. */
export function printableJson(value: object): string {
  return JSON.stringify(value).replace(UNSEEN, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/** Prints a line for people. A sign at its beginning is coloured. */
export function say(line: string, style?: Style): void {
  const text = escapeInvisible(line);
  const { stderr } = process;
  stderr.write(`${style === undefined ? withSign(stderr, text) : paint(stderr, style, text)}\n`);
}

/**
 * Prints lines that are the result of a command to standard output, as {@link print} does.
 */
export function show(lines: readonly string[]): Promise<void> {
  const { stdout } = process;
  return writeText(lines.map((line) => `${withSign(stdout, escapeInvisible(line))}\n`).join(''));
}

function withSign(stream: NodeJS.WriteStream, text: string): string {
  const sign = text[0] ?? '';
  const of = SIGNS[sign];
  return of === undefined ? text : `${paint(stream, of, sign)}${text.slice(1)}`;
}

/**
 * Gives a terminal the usual size if it reports none. A serial line and some containers report 0 columns, and a
 * question would be wrapped after every character.
 */
export function sizeTerminal(terminal: { columns: number; rows: number }): void {
  if (terminal.columns === 0) terminal.columns = 80;
  if (terminal.rows === 0) terminal.rows = 24;
}

/**
 * Prints a JSON object and waits until the system has accepted it.
 *
 * A closed pipe is not an error, because the reader does not want the rest.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if standard output cannot be written, for example because the disk is
 * full.
 */
export function print(object: object): Promise<void> {
  return writeText(`${printableJson(object)}\n`);
}

/** Writes a text of the command line, such as its help, as {@link print} does. */
export function writeText(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
      if (!error || code === 'EPIPE') resolve();
      else reject(fileError('standard output', UNWRITABLE, error));
    });
  });
}

/** Colours text on a terminal, unless the user has disabled colours. See https://no-color.org. */
function paint(stream: NodeJS.WriteStream, style: Style, text: string): string {
  const { NO_COLOR, TERM } = process.env;
  const isColoured = stream.isTTY === true && !NO_COLOR && TERM !== 'dumb';
  return isColoured ? styleText(style, text, { validateStream: false }) : text;
}
