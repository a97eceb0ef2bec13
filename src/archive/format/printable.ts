// Makes untrusted names safe to print in messages.

/**
 * Escapes invisible and direction-changing characters of a name as `\u{…}`, and cuts it after 200 characters.
 */
export function printable(name: string): string {
  const safe = name.replace(
    unseen(),
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe;
}

// A string and not a literal, because an engine without property escapes would refuse the whole file.
const UNSEEN = '[\\p{C}\\p{Zl}\\p{Zp}]';

/**
 * Returns the pattern of characters to escape. Without property escapes, it matches everything except ASCII.
 */
function unseen(): RegExp {
  try {
    return new RegExp(UNSEEN, 'gu');
  } catch {
    return /[^ -~]/g;
  }
}
