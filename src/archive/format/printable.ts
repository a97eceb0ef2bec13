// Names that others chose, in messages.

/** A name that is safe to print: invisible and direction-changing characters as `\u{…}`, at most 200 characters. */
export function printable(name: string): string {
  const safe = name.replace(
    unseen(),
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe;
}

// No literal: an engine that knows no property escapes would refuse the whole file.
const UNSEEN = '[\\p{C}\\p{Zl}\\p{Zp}]';

/** What to escape; where the engine can't tell, all that is not ASCII. */
function unseen(): RegExp {
  try {
    return new RegExp(UNSEEN, 'gu');
  } catch {
    return /[^ -~]/g;
  }
}
