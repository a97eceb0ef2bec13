// Folds names, so that two names that are the same file on some file system become equal.

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
 * Removes the differences that some file systems ignore: applies NFC, Unicode full case folding, and NFC again. The
 * result does not depend on the locale. It depends on the engine's Unicode version only in the NFC of characters that
 * the engine does not know.
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
