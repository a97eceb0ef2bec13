// Translates the library's messages into the terms of the command line.
//
// The library's messages name its options and functions, but users of the command line know flags and commands. This
// table translates them. It is applied when errors are printed.

import { UsageError } from './answer.ts';

interface Wording {
  /** The library's text. */
  readonly said: RegExp;
  /** Corresponding flags. The message names the first one that the command has. */
  readonly flags?: readonly string[];
  /** The text if the command has no such flag. */
  readonly otherwise: string;
}

/** An option of the library, with or without `options.` before it. */
function option(name: string, flags: readonly string[], otherwise: string): Wording {
  return { said: new RegExp(`(?<![\\w-])(?:options\\.)?${name}\\b`, 'g'), flags, otherwise };
}

/**
 * An option of the library, only with `options.` before it, because the name alone is an ordinary word.
 */
function word(name: string, flags: readonly string[], otherwise: string): Wording {
  return { said: new RegExp(`\\boptions\\.${name}\\b`, 'g'), flags, otherwise };
}

/**
 * An option of the library at the beginning of a message or with `options.` before it, because configs have members
 * with this name too.
 */
function named(name: string, flags: readonly string[], otherwise: string): Wording {
  return {
    said: new RegExp(`\\boptions\\.${name}|^${name}(?= expected | is )`, 'g'),
    flags,
    otherwise,
  };
}

/** Rows are applied in order. A message that matches no row does not change. */
const WORDINGS: readonly Wording[] = [
  // Phrases.
  { said: /\boverwrite: true\b/g, flags: ['--overwrite'], otherwise: 'replace it' },
  { said: /\blinks: 'skip'/g, flags: ['--skip-links'], otherwise: 'leaving links out' },
  {
    said: /\bprivateKeys: 'allow'/g,
    flags: ['--allow-private-key'],
    otherwise: 'it to another tool',
  },
  { said: /(?<=\bby )"ignore"/g, flags: ['--ignore'], otherwise: 'moving it elsewhere' },
  { said: /, use the streams for it\b/g, otherwise: ', name a file' },
  {
    said: /\buse unzipBundle or openZip, or deflate it\b/g,
    otherwise: 'write the zip to a file first, or deflate the entry',
  },
  {
    said: /\bpass publicKeyOf\(privateKey\)/g,
    otherwise: 'pass the .pub file of the pair',
  },
  {
    said: /\bpass what encryptBundle gave as `seal`/g,
    otherwise: 'pass the .seal file that bundle encrypt --detached wrote',
  },
  {
    said: /,? ?see keygen\(\) of bundleseal\/capgo\b/g,
    otherwise: ', see npx bundleseal key create --capgo',
  },
  // Commands that need a private key ask for its passphrase, so this message appears only if a public key is needed.
  {
    said: /\bdecrypt it first, with decryptPrivateKey\(\) .* -out plain\.pem"/g,
    otherwise: 'pass the .pub file of the pair',
  },
  { said: /\bkeygen\(\)/g, otherwise: '"npx bundleseal key create"' },
  { said: / \(or pass DER bytes or a JWK object\)/g, otherwise: ', or be DER or a JWK' },
  { said: /\bpass its publicKey or its privateKey\b/g, otherwise: 'pass one of the two alone' },
  // Releases.
  { said: /\brefresh it$/g, otherwise: 'run npx bundleseal release refresh' },
  {
    said: /\bcreate: true\b/g,
    flags: ['--create'],
    otherwise: 'npx bundleseal release publish --create',
  },
  { said: /\bin previousKeys or publicKey\b/g, otherwise: 'with --public-key' },
  { said: /\bleave create out\b/g, otherwise: 'leave --create out' },
  { said: /\bforce: true\b/g, flags: ['--force'], otherwise: 'force it' },
  { said: /\breinstate: true\b/g, flags: ['--reinstate'], otherwise: 'reinstate it' },
  {
    said: /\bearlierEpoch: 'keep', or 'drop'/g,
    otherwise: '--earlier-epoch keep, or drop',
  },
  word('channel', ['--channel'], 'the channel'),
  word('channels', ['--channel'], 'the channels'),
  word('fromChannel', ['--from-channel'], 'the other channel'),
  word('otherChannels', ['--other-channel'], 'the other channels'),
  word('appId', ['--app-id'], 'the app id'),
  word('version', ['--app-version'], 'the version'),
  word('store', ['--store'], 'the store'),
  word('from', ['--from'], 'the store'),
  word('patches', ['--patches'], 'the number of patches'),
  word('keep', ['--keep'], 'the number of releases'),
  word('expiresIn', ['--expires'], 'the lifetime'),
  word('runtime', ['--runtime'], 'the runtime'),
  word('requires', ['--requires'], 'the features'),
  word('release', ['--release'], 'the release'),
  word('note', ['--note'], 'the note'),
  word('meta', ['--meta'], 'the meta'),
  // Expected metadata.
  option('expect\\.appId', ['--expect-app-id'], 'the expected app'),
  option('expect\\.version', ['--expect-version'], 'the expected version'),
  option('expect\\.channel', ['--expect-channel'], 'the expected channel'),
  option('expect\\.minSequence', ['--min-sequence'], 'the lowest sequence'),
  // Metadata.
  option('metadata\\.appId', ['--app-id'], 'the app id'),
  option('metadata\\.version', ['--app-version'], 'the version'),
  option('metadata\\.channel', ['--channel'], 'the channel'),
  option('metadata\\.sequence', ['--sequence'], 'the sequence'),
  word('metadata', [], 'the metadata (--app-id, --app-version, --channel, --sequence)'),
  // Keys.
  option('recoveryPublicKey', ['--recovery-key'], 'the public recovery key'),
  option('recoveryKey', ['--recovery-key'], 'the private recovery key'),
  option('publicKeys', ['--public-key'], 'the public keys'),
  option('retiredKeys', ['--retire'], 'the retired keys'),
  named('publicKey(?:\\[\\d+\\])?', ['--public-key', '--from', '--key'], 'the public key'),
  named('privateKey', ['--key'], 'the private key'),
  option('modulusBits', ['--bits'], 'the number of bits'),
  word('seal', ['--seal'], 'the seal'),
  option('ivSessionKey', ['--iv-session-key'], 'the session key'),
  option('checksumFormat', ['--checksum-format'], 'the format of the checksum'),
  word('checksum', ['--checksum'], 'the checksum'),
  // Zips and folders.
  word('ignore', ['--ignore'], 'the pattern'),
  option('sourceMaps', ['--no-source-maps'], 'source maps'),
  // Limits.
  option('chunkSize', ['--chunk-size'], 'chunk size'),
  option('maxChunks', ['--max-chunks'], 'the number of chunks'),
  option('maxEntries', ['--max-entries'], 'the number of entries'),
  option('maxFileSize', ['--max-file-size'], 'the size of a file'),
  option('maxTotalSize', ['--max-total-size'], 'the size of all files'),
  option('maxRatio', ['--max-ratio'], 'the ratio'),
];

/** All flags that a message may name. */
export const NAMED_FLAGS: readonly string[] = WORDINGS.flatMap(({ flags = [] }) => flags);

/** Translates a message of the library for a command with these flags. */
export function inWordsOf(flags: readonly string[], message: string): string {
  return WORDINGS.reduce((text, { said, flags: own = [], otherwise }) => {
    const flag = own.find((one) => flags.includes(one));
    return text.replace(said, () => flag ?? otherwise);
  }, message);
}

/** In a run of the workflow of init, names the input that makes a channel, because nobody passes flags there. */
export function inWordsOfWorkflow(message: string, env: NodeJS.ProcessEnv): string {
  if (!env['GITHUB_WORKFLOW_REF']?.includes('/.github/workflows/bundleseal.yml@')) return message;
  return message.replace(
    /\bpublish to it with create: true/,
    'start the workflow with "The channel is new"',
  );
}

// The beginning of the library's messages about wrong arguments: `options.level expected …`, `input expected a path
// …`.
const MISTAKE_OF_A_CALL = /^(?:options\.\S+|[\w.[\]]+ (?:expected|must be|does not know)\b)/;

/**
 * Turns an error about an option's value into a UsageError. Returns every other error unchanged.
 *
 * The library throws a `TypeError` or `RangeError` for such a value. The runtime throws the same types for faults of
 * this program, such as a stack overflow, which are not mistakes of the user.
 */
export function asUsage(error: unknown): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError)) return error;
  if ('code' in error || !MISTAKE_OF_A_CALL.test(error.message)) return error;
  return new UsageError(error.message);
}
