// What two names must differ in to be two files on every file system: not in case, nor in Unicode form.

import { RUNS, SEQUENCES } from './fold-table.ts';

let table: ReadonlyMap<number, string> | undefined;

function readTable(): ReadonlyMap<number, string> {
  const folded = new Map<number, string>();
  let from = 0;
  for (const run of RUNS.split(' ')) {
    const [gap, count, step, distance] = run.split('.').map((n) => Number.parseInt(n, 36)) as [
      number,
      number,
      number,
      number,
    ];
    from += gap;
    for (let i = 0; i < count; i++) {
      folded.set(from + i * step, String.fromCodePoint(from + i * step + distance));
    }
  }
  for (const sequence of SEQUENCES.split(' ')) {
    const [code, ...to] = sequence.split('.').map((n) => Number.parseInt(n, 36)) as [number];
    folded.set(code, String.fromCodePoint(...to));
  }
  return folded;
}

/**
 * A name without what file systems leave out of account: NFC, Unicode full case folding, NFC. It depends neither on
 * the locale nor on the Unicode version of the engine, but for NFC of characters that an old engine does not know.
 *
 * @see CaseFolding.txt of Unicode 17.0, lines C and F; UAX #15
 */
export function foldName(name: string): string {
  if (!/[^ -~]/.test(name)) return name.toLowerCase();
  table ??= readTable();
  let folded = '';
  for (const character of name.normalize('NFC')) {
    folded += table.get(character.codePointAt(0) as number) ?? character;
  }
  return folded.normalize('NFC');
}
