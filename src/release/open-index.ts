// Opening an index: what a device does.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { brandOf, toHex } from '../bytes.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, describe, type OptionRules } from '../options.ts';
import type { BundleInput } from '../sources/input.ts';
import { checkAppId } from './app-id.ts';
import { checkCount, checkName, malformed, openDocument } from './document.ts';
import { MAX_INDEX_LENGTH, type ReleaseIndex, readIndex } from './index-format.ts';
import { readJson } from './json.ts';
import { checkMark, checkOrder, checkTime, type IndexMark } from './order.ts';

export interface OpenIndexOptions {
  /** The keys that the device trusts for indexes: built in, or the `publicKeys` of `openKeys`. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The app that the index has to be for. */
  readonly appId: string;
  /** The channel that the index has to be of. */
  readonly channel: string;
  /** The epoch that the index must have: that of `openKeys`. Default 0: no list of keys was ever accepted. */
  readonly epoch?: number;
  /** The mark of the highest index of this channel that was accepted before. Default: none was. */
  readonly after?: IndexMark;
  /** The device's clock: a `Date`, or milliseconds since 1970. Default: the time when the call starts. */
  readonly now?: Date | number;
  /** Aborts: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** A proven index, and what to remember of it. */
export interface OpenedIndex {
  readonly index: ReleaseIndex;
  /** To be stored before the index is acted on, and passed as `after` from then on. */
  readonly mark: IndexMark;
}

const malformedIndex = /* @__PURE__ */ malformed('index');

/**
 * Opens the index of a channel: returns the index that the publisher signed for this app, channel and epoch, or
 * throws.
 *
 * Before it returns, the signature and the whole content have been verified, every member has been checked, and the
 * index is neither older than `after` nor expired. At most 1 MiB + 128 KiB of `sealed` is read. A device has to
 * remember the mark of the index that it accepts; {@link openIndexWithMark} returns it.
 *
 * @param sealed - The bytes of `channels/<channel>.sealed`.
 * @param options.epoch - The epoch that the index has to have. Default 0.
 * @param options.after - The mark of the highest index that was accepted before. Without it an older genuine index is
 * accepted.
 * @param options.now - The device's clock. Default: read as the call starts.
 * @throws `TypeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_INDEX_INVALID` if the index is genuine, but malformed, of another epoch or too large; `ERR_INDEX_ROLLED_BACK`
 * if it is older than `after`, or another one with the same number; `ERR_INDEX_EXPIRED` if its `expiresAt` is not
 * later than the clock and `after.issuedAt`; `ERR_EXPECTATION_FAILED` if it is for another app or channel; the errors
 * of `decryptBundle` if it is not genuine.
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
 * @throws What {@link openIndex} throws.
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
  checkCount(epoch, 'options.epoch');
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

/** An index that is genuine and well-formed, of any epoch and age, for a publisher that makes the next one. */
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
  checkHeader(index, metadata);
  const sha256 = toHex(await (await selectBackend(options.backend)).sha256(plain));
  return { index, sha256 };
}

function readClock(now: Date | number = Date.now()): number {
  const time = typeof now === 'number' ? now : brandOf(now) === 'Date' ? now.getTime() : Number.NaN;
  if (Number.isFinite(time)) return time;
  throw new TypeError(
    `options.now expected a Date or milliseconds since 1970, got ${describe(now)}`,
  );
}

/**
 * The header has to repeat the values of the index, so a store that sorts by the header serves what devices accept by
 * the index.
 */
function checkHeader(index: ReleaseIndex, metadata: Uint8Array): void {
  const said = readJson(metadata, 'the metadata', malformedIndex);
  const names = ['appId', 'channel', 'sequence'] as const;
  const isSame =
    said instanceof Map &&
    said.size === names.length &&
    names.every((name) => said.get(name) === index[name]);
  if (isSame) return;
  throw malformedIndex(`the metadata has to be the index's ${names.join(', ')} and nothing else`);
}
