// The library's messages in the words of the command line.
//
// The library names its options and functions. Who uses the command line knows flags and commands, so one table says
// which is which, and it is applied where errors are printed.

import { UsageError } from './answer.ts';

interface Wording {
  /** What the library says. */
  readonly said: RegExp;
  /** Flags for it: the first that the command has is named. */
  readonly flags?: readonly string[];
  /** What is said where the command has no such flag. */
  readonly otherwise: string;
}

/** An option of the library, with or without `options.` before it. */
function option(name: string, flags: readonly string[], otherwise: string): Wording {
  return { said: new RegExp(`(?<![\\w-])(?:options\\.)?${name}\\b`, 'g'), flags, otherwise };
}

/** The same, but only with `options.` before it: the name alone is an ordinary word. */
function word(name: string, flags: readonly string[], otherwise: string): Wording {
  return { said: new RegExp(`\\boptions\\.${name}\\b`, 'g'), flags, otherwise };
}

/** The same, where a message begins with it or has `options.` before it: configs have members of this name too. */
function named(name: string, flags: readonly string[], otherwise: string): Wording {
  return {
    said: new RegExp(`\\boptions\\.${name}|^${name}(?= expected | is )`, 'g'),
    flags,
    otherwise,
  };
}

/** Earlier rows come first. A message that no row knows stays as it is. */
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
  { said: /,? ?see keygen\(\) of bundleseal\/capgo\b/g, otherwise: ', see key create --capgo' },
  // Commands that take a private key ask for its passphrase, so this is said where a public key is needed.
  {
    said: /\bdecrypt it first, with decryptPrivateKey\(\) .* -out plain\.pem"/g,
    otherwise: 'pass the .pub file of the pair',
  },
  { said: /\bkeygen\(\)/g, otherwise: '"bundleseal key create"' },
  { said: / \(or pass DER bytes or a JWK object\)/g, otherwise: ', or be DER or a JWK' },
  { said: /\bpass its publicKey or its privateKey\b/g, otherwise: 'pass one of the two alone' },
  // Releases.
  { said: /\bcreate: true\b/g, flags: ['--create'], otherwise: 'create it' },
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
  // What a bundle has to be.
  option('expect\\.appId', ['--expect-app-id'], 'the expected app'),
  option('expect\\.version', ['--expect-version'], 'the expected version'),
  option('expect\\.channel', ['--expect-channel'], 'the expected channel'),
  option('expect\\.minSequence', ['--min-sequence'], 'the lowest sequence'),
  // What a bundle says of itself.
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

/** Every flag that a message may name. */
export const NAMED_FLAGS: readonly string[] = WORDINGS.flatMap(({ flags = [] }) => flags);

/** A message of the library as the command with these flags says it. */
export function inWordsOf(flags: readonly string[], message: string): string {
  return WORDINGS.reduce((text, { said, flags: own = [], otherwise }) => {
    const flag = own.find((one) => flags.includes(one));
    return text.replace(said, () => flag ?? otherwise);
  }, message);
}

// How the library begins what it says of a call: `options.level expected …`, `input expected a path …`.
const MISTAKE_OF_A_CALL = /^(?:options\.\S+|[\w.[\]]+ (?:expected|must be|does not know)\b)/;

/**
 * A mistake in an option's value, as usage; anything else as it is.
 *
 * The library refuses such a value with a `TypeError` or `RangeError`. So does the runtime in case of a fault in this
 * program or of a stack that is full, and that is not the user's mistake.
 */
export function asUsage(error: unknown): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError)) return error;
  if ('code' in error || !MISTAKE_OF_A_CALL.test(error.message)) return error;
  return new UsageError(error.message);
}
