// Keys that were passed where a name belongs, kept out of every message.
//
// `--key "$KEY"` and `key show "$KEY"` are easy mistakes. The system's error then names a "file" that is the key, and
// so does the parser's error about an unknown option.

// Characters that a message has to share with such an argument before they are hidden. A line of a key has 64.
const SHARED_LENGTH = 16;

const LONG_BASE64 = /[A-Za-z0-9+/_=-]{200}/;

/** Whether a text holds a private key, or may: base64 without its first line does not say what it is. */
function mayBeKey(text: string): boolean {
  return /PRIVATE KEY|"(?:d|p|q)"\s*:/.test(text) || LONG_BASE64.test(text.replace(/\s+/g, ''));
}

function givenKeys(): string[] {
  const { BUNDLESEAL_PRIVATE_KEY = '', CAPGO_PRIVATE_KEY = '' } = process.env;
  const values = [...process.argv.slice(2), BUNDLESEAL_PRIVATE_KEY, CAPGO_PRIVATE_KEY];
  return values.filter(mayBeKey);
}

/** The message with `[…]` in place of every part of a key that this process was given. */
export function withoutKeys(message: string): string {
  const keys = givenKeys();
  if (keys.length === 0) return message;
  const parts = new Set<string>();
  for (const key of keys) {
    // Messages quote a name as JSON does, so a line break is two characters there.
    for (const text of [key, JSON.stringify(key).slice(1, -1)]) {
      for (let at = 0; at + SHARED_LENGTH <= text.length; at += 1) {
        parts.add(text.slice(at, at + SHARED_LENGTH));
      }
    }
  }
  let shown = '';
  let hiddenTo = 0;
  for (let at = 0; at < message.length; at += 1) {
    if (parts.has(message.slice(at, at + SHARED_LENGTH))) {
      if (at >= hiddenTo) shown += '[…]';
      hiddenTo = at + SHARED_LENGTH;
    }
    if (at >= hiddenTo) shown += message[at];
  }
  return shown;
}
