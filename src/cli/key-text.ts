// What becomes of a key on its way through a CI system's variables, undone.

/** A key's text as it was, and what had been done to it. */
export interface RepairedKey {
  readonly text: string;
  /** Each a sentence's part: "the line breaks were written as \n". */
  readonly repairs: readonly string[];
}

const PEM = /-----BEGIN ([A-Z ]+)-----([\s\S]*?)-----END \1-----/;

/** Undoes quotes, base64 over the whole, escaped and lost line breaks. What is no key stays as it is. */
export function repairKeyText(given: string): RepairedKey {
  const repairs: string[] = [];
  const step = (is: boolean, what: string, next: () => string) => {
    if (!is) return;
    text = next();
    repairs.push(what);
  };
  let text = given.trim();
  step(/^(["'])[\s\S]*\1$/.test(text), 'it stood in quotes', () => text.slice(1, -1).trim());
  const inner = /^[A-Za-z0-9+/=\s]+$/.test(text)
    ? Buffer.from(text, 'base64').toString('latin1')
    : '';
  step(inner.includes('-----BEGIN '), 'it was base64 over the whole', () => inner.trim());
  step(/\\r?\\?n/.test(text), 'its line breaks were written as \\n', () =>
    text.replace(/(\\r)?\\n/g, '\n'),
  );
  const found = PEM.exec(text);
  if (found !== null) {
    const [, label, body = ''] = found;
    const lines = body.replace(/\s+/g, '').match(/.{1,64}/g) ?? [];
    step(!body.includes('\n'), 'its line breaks had become spaces or were lost', () =>
      [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n'),
    );
  }
  return { text, repairs };
}
