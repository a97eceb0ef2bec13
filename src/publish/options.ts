// The options of every call that makes a new index.

import { publicKeyOf } from '../keys/identity.ts';
import type { PrivateKeyInput, PublicKeyInput } from '../keys/strict.ts';
import {
  checkAppId,
  checkOptions,
  describe,
  type OptionRules,
  shown,
  type WorkOptions,
} from '../options.ts';
import { checkName } from '../release/document.ts';
import { INDEX_LIFETIME } from '../release/index-format.ts';
import { readClock } from '../release/index-order.ts';
import { timeText } from '../release/members.ts';
import { isSigner, type Signer } from '../seal/signing-key.ts';
import { checkPublishedChannel } from './paths.ts';
import { storeError } from './store-error.ts';
import { openWritable } from './store-place.ts';

/** The options of every call that makes a new index of a channel. */
export interface ChannelOptions extends WorkOptions {
  /** The folder to write to: a copy of the store, or a folder to upload afterwards. The call creates it if it is missing. */
  readonly store: string;
  /** The place of the present store: an `https://` address or a folder. Default: `store`. */
  readonly from?: string;
  /** 1 to 64 of the characters A-Z, a-z, 0-9, ".", "_" and "-". */
  readonly channel: string;
  /** The publisher's private key, or a `Signer` that holds it. */
  readonly privateKey: PrivateKeyInput | Signer;
  /** The app, e.g. `com.example.app`. */
  readonly appId: string;
  /** Other public keys of the publisher, for objects in the store that earlier private keys sealed. Default: none. */
  readonly previousKeys?: PublicKeyInput | readonly PublicKeyInput[];
  /** The public half of the recovery key. Required if the store has `keys.sealed`. */
  readonly recoveryPublicKey?: PublicKeyInput | readonly PublicKeyInput[];
  /**
   * Milliseconds from `issuedAt` to `expiresAt` of the index: from a minute to ten years of 365 days. Default: the lifetime of
   * the present index; 30 days for the first index.
   */
  readonly expiresIn?: number;
  /**
   * The files to write if `from` is another place than `store`. `'new'`: only new files. `'full'`: every file that devices may
   * still fetch, for hosts that delete each file that an upload does not contain. Default `'new'`.
   */
  readonly out?: 'new' | 'full';
  /** Further channels of the store, for `out: 'full'`. Default: all channels in the folder `from`; none if `from` is an address. */
  readonly otherChannels?: readonly string[];
  /**
   * Create the channel. Rejects with `ERR_STORE` if it exists. Required for a new channel if `from` is an address. Default
   * false.
   */
  readonly create?: boolean;
  /**
   * Whether the next index keeps the entries if the present index has an earlier epoch. Default: the call rejects with
   * `ERR_STORE` for such an index.
   */
  readonly earlierEpoch?: 'keep' | 'drop';
  /** Publish even if the present index is more than an hour ahead of this clock. Default false. */
  readonly force?: boolean;
  /** Do all the work and write nothing. Default false. */
  readonly dryRun?: boolean;
  /** The publisher's clock: a `Date`, or milliseconds since 1970. Default: the time at the start of the call. */
  readonly now?: Date | number;
  /** Called in place of the runtime's `fetch`. */
  readonly fetch?: typeof fetch;
}

export const CHANNEL_OPTIONS: OptionRules<ChannelOptions> = {
  store: 'any',
  from: 'any',
  channel: 'any',
  privateKey: 'any',
  appId: 'any',
  previousKeys: 'any',
  recoveryPublicKey: 'any',
  expiresIn: 'any',
  out: 'any',
  otherChannels: 'any',
  create: 'any',
  earlierEpoch: 'any',
  force: 'any',
  dryRun: 'any',
  now: 'any',
  fetch: 'function',
  signal: 'signal',
  onProgress: 'function',
};

const FLAGS = ['create', 'force', 'dryRun'] as const;

export function checkChannelOptions<Options extends ChannelOptions>(
  call: string,
  options: Options,
  rules: OptionRules<NoInfer<Options>>,
): void {
  checkOptions(call, options, rules);
  openWritable(options.store);
  checkAppId(options.appId);
  checkPublishedChannel(options.channel);
  const { expiresIn, out = 'new', earlierEpoch, otherChannels = [], now } = options;
  if (expiresIn !== undefined) {
    checkNumber(expiresIn, 'expiresIn', INDEX_LIFETIME.min, INDEX_LIFETIME.max);
  }
  checkOneOf(out, 'out', ['new', 'full']);
  if (earlierEpoch !== undefined) checkOneOf(earlierEpoch, 'earlierEpoch', ['keep', 'drop']);
  for (const name of FLAGS) checkFlag(options[name], name);
  if (!Array.isArray(otherChannels)) {
    throw new TypeError(
      `options.otherChannels expected an array of channels, got ${describe(otherChannels)}`,
    );
  }
  for (const one of otherChannels) checkPublishedChannel(one, 'options.otherChannels');
  readClock(now);
}

export function checkFlag(value: unknown, name: string): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new TypeError(`options.${name} expected a boolean, got ${describe(value)}`);
}

export function checkNumber(value: unknown, name: string, min: number, max: number): void {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw new RangeError(
    `options.${name} expected an integer from ${min} to ${max}, got ${shown(value)}`,
  );
}

export function checkText(value: unknown, name: string): asserts value is string {
  checkName(value, `options.${name}`);
}

function checkOneOf(value: unknown, name: string, known: readonly string[]): void {
  if (known.includes(value as string)) return;
  const shown = known.map((one) => `'${one}'`).join(' or ');
  throw new TypeError(`options.${name} expected ${shown}`);
}

// Milliseconds since 1970. This package did not exist before, so a clock with an earlier time was never set.
const EARLIEST = Date.parse('2026-01-01T00:00:00Z');

/**
 * Reads the clock for a new index or stamp. Devices compare these times: they refuse an expired index, and prefer a release
 * that is newer than the built-in one.
 *
 * @throws {@link BundleSealError} `ERR_STORE` if the clock of this machine was never set.
 */
export function readPublishingClock(now: Date | number | undefined): number {
  const clock = readClock(now);
  if (now !== undefined || clock >= EARLIEST) return clock;
  throw storeError(
    `the clock of this machine says ${timeText(clock)}: set it, because devices compare the times of indexes and releases`,
  );
}

/** Returns the later of two times in the form of {@link timeText}. */
export function laterOf(one: string, other: string): string {
  return one > other ? one : other;
}

/** Returns the public half of the signing key. */
export async function publicHalf(privateKey: PrivateKeyInput | Signer): Promise<PublicKeyInput> {
  return isSigner(privateKey) ? privateKey.publicKey : publicKeyOf(privateKey);
}

export function listOfKeys(
  keys: PublicKeyInput | readonly PublicKeyInput[] | undefined,
): readonly PublicKeyInput[] {
  if (keys === undefined) return [];
  return Array.isArray(keys) ? (keys as readonly PublicKeyInput[]) : [keys as PublicKeyInput];
}
