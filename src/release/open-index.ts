// Opens the index of a channel on a device.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkAppId, checkOptions, type OptionRules } from '../options.ts';
import type { BundleInput } from '../sources/input.ts';
import { checkCounter, checkName, malformedDocument, openDocument } from './document.ts';
import { MAX_INDEX_LENGTH, type ReleaseIndex, readIndex } from './index-format.ts';
import { checkMark, checkOrder, checkTime, type IndexMark, readClock } from './index-order.ts';
import { readJson } from './json.ts';

/** Options of {@link openIndex} and {@link openIndexWithMark}. */
export interface OpenIndexOptions {
  /** The keys that the device trusts for indexes: built in, or the `publicKeys` of `openKeys`. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The required app id. */
  readonly appId: string;
  /** The required channel. */
  readonly channel: string;
  /**
   * The required epoch: the epoch of the list that `openKeys` returned. Default 0, for a device that has never
   * accepted a list of keys.
   */
  readonly epoch?: number;
  /** The mark of the highest accepted index of this channel. Default: none. */
  readonly after?: IndexMark;
  /**
   * The current time: a `Date`, or milliseconds since 1970. Default: the device's clock at the start of the call.
   */
  readonly now?: Date | number;
  /** Aborts: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** A verified index and its mark. */
export interface OpenedIndex {
  /** The verified index. */
  readonly index: ReleaseIndex;
  /** Store the mark before you act on the index, and pass it as `after` from then on. */
  readonly mark: IndexMark;
}

const malformedIndex = /* @__PURE__ */ malformedDocument('index');

/**
 * Opens the index of a channel: returns the index that the publisher signed for this app, channel and epoch, or
 * rejects.
 *
 * The call verifies the signature and the whole content, checks every member, and refuses an index that is older than
 * `after` or expired. It reads at most 1 MiB + 128 KiB of `sealed`. A device has to store the mark of each index that
 * it accepts; {@link openIndexWithMark} returns it.
 *
 * @param sealed - The bytes of `channels/<channel>.sealed`.
 * @param options.epoch - The required epoch. Default 0.
 * @param options.after - The mark of the highest accepted index. Without it, the call accepts every older genuine
 * index.
 * @param options.now - The current time. Default: the device's clock at the start of the call.
 * @returns The verified index.
 * @throws `TypeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_INDEX_INVALID` if the index is genuine, but malformed, of another epoch or too large; `ERR_INDEX_ROLLED_BACK`
 * if it is older than `after`, or a different index with the same number; `ERR_INDEX_EXPIRED` if its `expiresAt` is
 * not later than the clock and `after.issuedAt`; `ERR_EXPECTATION_FAILED` if it is for another app or channel; the
 * errors of `decryptBundle` if it is not genuine.
 * @see docs/releases.md#the-index
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { openIndex, sealIndex } from 'bundleseal/release';
 *
 * const { privateKey, publicKey } = await keygen();
 * const { appId, channel } = { appId: 'com.example.app', channel: 'production' };
 * const sealed = await sealIndex(
 *   {
 *     format: 'bundleseal-index',
 *     version: 1,
 *     appId,
 *     channel,
 *     epoch: 0,
 *     sequence: 41,
 *     issuedAt: '2026-11-26T09:00:00Z',
 *     expiresAt: '2026-12-26T09:00:00Z',
 *     releases: [],
 *   },
 *   { privateKey },
 * );
 * const now = new Date('2026-11-27T09:00:00Z');
 * const index = await openIndex(sealed, { publicKey, appId, channel, now });
 * console.log(index.sequence);
 * ```
 */
export async function openIndex(
  sealed: BundleInput,
  options: OpenIndexOptions,
): Promise<ReleaseIndex> {
  return (await open('openIndex', sealed, options)).index;
}

/**
 * Opens the index of a channel like {@link openIndex}, and also returns the mark that a device has to remember to
 * refuse older indexes.
 *
 * @param sealed - The bytes of `channels/<channel>.sealed`.
 * @returns The verified index, and its mark.
 * @throws the errors of {@link openIndex}.
 * @see docs/releases.md#order
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { openIndexWithMark, sealIndex } from 'bundleseal/release';
 *
 * const { privateKey, publicKey } = await keygen();
 * const { appId, channel } = { appId: 'com.example.app', channel: 'production' };
 * const publish = (sequence: number) =>
 *   sealIndex(
 *     {
 *       format: 'bundleseal-index',
 *       version: 1,
 *       appId,
 *       channel,
 *       epoch: 0,
 *       sequence,
 *       issuedAt: '2026-11-26T09:00:00Z',
 *       expiresAt: '2026-12-26T09:00:00Z',
 *       releases: [],
 *     },
 *     { privateKey },
 *   );
 * const now = new Date('2026-11-27T09:00:00Z');
 * const first = await openIndexWithMark(await publish(1), { publicKey, appId, channel, now });
 * const after = first.mark; // into the device's storage
 * const second = await openIndexWithMark(await publish(2), { publicKey, appId, channel, now, after });
 * console.log(second.index.sequence, second.mark.sha256);
 * ```
 */
export async function openIndexWithMark(
  sealed: BundleInput,
  options: OpenIndexOptions,
): Promise<OpenedIndex> {
  return open('openIndexWithMark', sealed, options);
}

const OPTIONS: OptionRules<OpenIndexOptions> = {
  publicKey: 'any',
  appId: 'any',
  channel: 'any',
  epoch: 'any',
  after: 'any',
  now: 'any',
  signal: 'signal',
  backend: 'any',
};

async function open(
  call: string,
  sealed: BundleInput,
  options: OpenIndexOptions,
): Promise<OpenedIndex> {
  checkOptions(call, options, OPTIONS);
  const { appId, channel, epoch = 0, after } = options;
  checkAppId(appId);
  checkName(channel, 'options.channel');
  checkCounter(epoch, 'options.epoch');
  if (after !== undefined) checkMark(after, 'options.after');
  const now = readClock(options.now);
  const { index, sha256 } = await openProven(sealed, { ...options, appId, channel });
  if (index.epoch !== epoch) {
    throw malformedIndex(`index.epoch is ${index.epoch} and that of the trusted keys is ${epoch}`);
  }
  const { sequence, issuedAt } = index;
  const mark: IndexMark = { epoch, sequence, issuedAt, sha256 };
  if (after !== undefined) checkOrder(mark, after);
  checkTime(index, now, after);
  options.signal?.throwIfAborted();
  return { index, mark };
}

/**
 * Opens a genuine and well-formed index of any epoch and age, for a publisher that makes the next one.
 */
export async function openProven(
  sealed: BundleInput,
  options: Pick<OpenIndexOptions, 'publicKey' | 'appId' | 'channel' | 'signal' | 'backend'>,
): Promise<{ readonly index: ReleaseIndex; readonly sha256: string }> {
  const { appId, channel } = options;
  const { plain, metadata } = await openDocument(
    sealed,
    'index',
    MAX_INDEX_LENGTH,
    { ...options, expect: { appId, channel } },
    malformedIndex,
  );
  const index = readIndex(plain, malformedIndex, false);
  checkHeaderMetadata(index, metadata);
  const sha256 = toHex(await (await selectBackend(options.backend)).sha256(plain));
  return { index, sha256 };
}

/**
 * Checks that the metadata in the header repeats the values of the index. A store may sort indexes by their headers.
 */
function checkHeaderMetadata(index: ReleaseIndex, metadata: Uint8Array): void {
  const found = readJson(metadata, 'the metadata', malformedIndex);
  const names = ['appId', 'channel', 'sequence'] as const;
  const isSame =
    found instanceof Map &&
    found.size === names.length &&
    names.every((name) => found.get(name) === index[name]);
  if (isSame) return;
  throw malformedIndex(`the metadata has to be the index's ${names.join(', ')} and nothing else`);
}
