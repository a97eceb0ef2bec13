// Removes key material that was passed by mistake from messages.
//
// A key can be in any argument: instead of a file name, as the value of a misspelt option, or split into several
// arguments if a shell variable was not quoted. Errors quote their arguments, so every error and warning passes
// through withoutKeys() before it is printed.

// Characters of base64, base64url, hexadecimal digits and percent escapes.
const RUN = /[A-Za-z0-9+/=_%-]{12,}/g;

// The length of the shortest piece of a key that is recognised and hidden.
const GRAM_LENGTH = 12;

// A line of PEM has 64 characters. A digest in hexadecimal has 64 too, but is not secret.
const MIN_MIXED = 32;
const MIN_HEX = 65;

const HIDDEN = '[…]';

/**
 * Whether a text that should be a file name or another short value may be a key or a part of one.
 */
export function looksLikeKey(text: string): boolean {
  if (/-----|PRIVATE KEY|^\s*["'[{]|[\n\r]|\\n|%0A/i.test(text)) return true;
  return hasKeyRun(text) || isMixedThroughout(text);
}

/**
 * Whether a text with slashes is base64: the kind of character changes far more often than in a path.
 */
function isMixedThroughout(text: string): boolean {
  // A digest in the name of a folder changes its kind as often as base64 does, so it does not count.
  const compact = text.replace(/\s+/g, '').replace(/[0-9a-f]{20,}/g, '');
  if (!/^[A-Za-z0-9+/=]{48,}$/.test(compact)) return false;
  const kinds = [...compact].map((sign) =>
    [/[a-z]/, /[A-Z]/, /\d/].findIndex((kind) => kind.test(sign)),
  );
  const changes = kinds.filter((kind, index) => index > 0 && kind !== kinds[index - 1]);
  // Of random base64, 0.64 of the characters are of another kind than the one before them: at 0.38, one piece in a million of 64
  // characters is missed.
  return changes.length >= 0.38 * kinds.length;
}

function hasKeyRun(text: string): boolean {
  return text
    .replace(/[\s:]+/g, '')
    .split(/[^A-Za-z0-9+=_%-]/)
    .some(
      (part) =>
        (part.length >= MIN_MIXED && /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part)) ||
        (part.length >= MIN_HEX && /^[0-9a-f]+$/i.test(part)),
    );
}

/** Returns the arguments and variables of this process that may contain key material. */
export function secretsOf(argv: readonly string[], env: NodeJS.ProcessEnv): string[] {
  const secrets: string[] = [];
  let isInside = false;
  for (const argument of argv) {
    // An unquoted PEM arrives as many arguments, from BEGIN to END.
    if (/-----BEGIN/.test(argument)) isInside = true;
    if (isInside || looksLikeKey(argument)) secrets.push(argument);
    if (/-----END|KEY-----$/.test(argument) && !/-----BEGIN|^KEY-----$/.test(argument)) {
      isInside = false;
    }
  }
  for (const [name, value] of Object.entries(env)) {
    if (value && (/_(PRIVATE_KEY|PASSPHRASE)$/.test(name) || /PRIVATE KEY/.test(value)))
      secrets.push(value);
  }
  return secrets;
}

/** Replaces every part of a key that this process was given by `[…]`. */
export function withoutKeys(message: string): string {
  return withoutSecrets(message, secretsOf(process.argv.slice(2), process.env));
}

/** Replaces everything in a message that is part of one of the secrets by `[…]`. */
export function withoutSecrets(message: string, secrets: readonly string[]): string {
  let text = message;
  for (const secret of secrets) {
    if (secret.length < GRAM_LENGTH) continue;
    const escaped = JSON.stringify(secret).slice(1, -1);
    text = text.replaceAll(secret, HIDDEN).replaceAll(escaped, HIDDEN);
  }
  return hidePieces(text, secrets);
}

/** Hides single pieces, because a message may have cut or escaped the secret. */
function hidePieces(text: string, secrets: readonly string[]): string {
  const places = new Map<string, number[]>();
  for (let at = 0; at + GRAM_LENGTH <= text.length; at++) {
    const gram = text.slice(at, at + GRAM_LENGTH);
    const known = places.get(gram);
    if (known === undefined) places.set(gram, [at]);
    else known.push(at);
  }
  const hidden = new Uint8Array(text.length);
  for (const run of secrets.flatMap(runsOf)) {
    for (let at = 0; at + GRAM_LENGTH <= run.length; at++) {
      const gram = run.slice(at, at + GRAM_LENGTH);
      for (const place of places.get(gram) ?? []) hidden.fill(1, place, place + GRAM_LENGTH);
      places.delete(gram);
    }
  }
  let result = '';
  for (let at = 0; at < text.length; at++) {
    if (hidden[at] === 0) result += text[at];
    else if (hidden[at - 1] !== 1) result += HIDDEN;
  }
  return result;
}

/**
 * Returns the parts of a secret that contain the key. Lines with the kind of key are not secret, and neither is the name of a
 * variable in front of it, which messages need.
 */
function runsOf(secret: string): string[] {
  const body = secret
    .replace(/-----(BEGIN|END)[A-Z ]*-----/g, '\n')
    .replace(/^(?:export )?[A-Z_]{1,99}=/, '\n');
  return [...(body.match(RUN) ?? []), ...(body.replace(/\s+/g, '').match(RUN) ?? [])];
}
