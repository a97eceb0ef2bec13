// Asks the store which release should run.

import { BundleSealError } from '../errors.ts';
import { type ChooseOptions, chooseRelease } from '../release/choose.ts';
import { MAX_SEAL_LENGTH } from '../release/document.ts';
import { MAX_INDEX_LENGTH, type ReleaseIndex } from '../release/index-format.ts';
import { MAX_KEYS_LENGTH } from '../release/keys-format.ts';
import { type OpenedIndex, openIndexWithMark } from '../release/open-index.ts';
import { openKeys } from '../release/open-keys.ts';
import type { UpdateContext } from './context.ts';
import { waysTo } from './download-ways.ts';
import type { CheckResult } from './events.ts';
import type { DeviceState, SettledCheck } from './state.ts';
import * as transitions from './transitions.ts';
import { settle, settledOf } from './unchanged-index.ts';

const INDEX_LIMIT = MAX_INDEX_LENGTH + MAX_SEAL_LENGTH;
const KEYS_LIMIT = MAX_KEYS_LENGTH + MAX_SEAL_LENGTH;

/** The result of a check, and the channel and index that it comes from. */
export interface Checked {
  readonly result: CheckResult;
  readonly origin: transitions.Origin;
}

/** Rejects only on an abort, with the signal's reason. A failure of the network or of a mirror is a result. */
export async function checkForUpdate(
  context: UpdateContext,
  signal: AbortSignal,
): Promise<Checked> {
  const { device } = context;
  // The clock is read once, as the check starts.
  const facts = device.facts();
  await device.recall();
  await refreshKeys(context, signal);
  const state = await device.read();
  const before = await settledOf(context, state, facts.now);
  let answers = await askMirrors(context, state, facts.now, before, signal);
  let settled: SettledCheck | undefined;
  if (answers.best === undefined && answers.isUnchanged) {
    settled = await settledOf(context, await device.read(), facts.now);
    // Meanwhile another page may have changed an input of the choice.
    if (settled === undefined) {
      answers = await askMirrors(context, state, facts.now, undefined, signal);
    }
  }
  const { best, errors, tags } = answers;
  let result: CheckResult;
  if (settled !== undefined) {
    result = { status: 'current', isStale: false };
  } else if (best === undefined) {
    result = resultOfErrors(errors);
  } else {
    result = await accept(context, state, best, facts);
    if (result.status === 'current' && !result.isStale) {
      const now = await device.read();
      settled = await settle(context, now, facts.now, before, tags);
    }
  }
  const note = { at: facts.now, result: describeResult(result) };
  await device.change((now) => transitions.checked(now, note, settled));
  return { result, origin: { channel: state.channel, index: best?.mark.sha256 } };
}

/** Reads the list of keys from every mirror, and trusts the list with the highest epoch. */
async function refreshKeys(
  { settings, device, transport, emit }: UpdateContext,
  signal: AbortSignal,
): Promise<void> {
  const { recoveryPublicKey, appId, backend } = settings;
  if (recoveryPublicKey === undefined) return;
  const lists = await Promise.all(
    settings.mirrors.map(async (mirror) => {
      try {
        const sealed = await transport.fetchSmall(mirror, 'keys.sealed', KEYS_LIMIT, signal);
        if (sealed.status !== 'found') return undefined;
        return await openKeys(sealed.bytes, { recoveryPublicKey, appId, signal, backend });
      } catch (error) {
        signal.throwIfAborted();
        emit({ type: 'mirror-failed', url: `${mirror}keys.sealed`, error });
        return undefined;
      }
    }),
  );
  const newest = lists
    .filter((list) => list !== undefined)
    .reduce<(typeof lists)[number]>(
      (highest, list) => (highest === undefined || list.epoch > highest.epoch ? list : highest),
      undefined,
    );
  if (newest === undefined) return;
  const { epoch, publicKeys, retiredKeys } = newest;
  await device.change((state) => transitions.trustKeys(state, { epoch, publicKeys, retiredKeys }));
}

interface Answers {
  /** The valid index with the highest sequence. */
  readonly best: OpenedIndex | undefined;
  /** The tags of the mirrors that sent it. */
  readonly tags: SettledCheck['tags'];
  /** Whether a mirror says that the index has not changed since the last check. */
  readonly isUnchanged: boolean;
  readonly errors: readonly unknown[];
}

/** @param settled - The last check, if its result is valid while the index does not change. */
async function askMirrors(
  { settings, transport, emit }: UpdateContext,
  state: DeviceState,
  now: number,
  settled: SettledCheck | undefined,
  signal: AbortSignal,
): Promise<Answers> {
  const { channel, keys } = state;
  const floor = state.floors.find((one) => one.channel === channel);
  const options = {
    publicKey: keys?.publicKeys ?? settings.publicKey,
    appId: settings.appId,
    channel,
    epoch: keys?.epoch ?? 0,
    ...(floor !== undefined && { after: markOf(floor) }),
    now,
    signal,
    backend: settings.backend,
  };
  const errors: unknown[] = [];
  const found: { readonly opened: OpenedIndex; readonly mirror: string; readonly etag?: string }[] =
    [];
  let isUnchanged = false;
  await Promise.all(
    settings.mirrors.map(async (mirror) => {
      const path = `channels/${channel}.sealed`;
      try {
        const known = settled && {
          etag: settled.tags.find((tag) => tag.mirror === mirror)?.etag,
        };
        const answer = await transport.fetchSmall(mirror, path, INDEX_LIMIT, signal, known);
        if (answer.status === 'missing') {
          throw answer.isPage
            ? noStore(`${mirror}${path}`)
            : noChannel(channel, `${mirror}${path}`);
        }
        if (answer.status === 'unchanged') {
          isUnchanged = true;
          return;
        }
        const opened = await openIndexWithMark(answer.bytes, options);
        found.push({ opened, mirror, ...(answer.etag !== undefined && { etag: answer.etag }) });
      } catch (error) {
        signal.throwIfAborted();
        errors.push(error);
        emit({ type: 'mirror-failed', url: `${mirror}${path}`, error });
      }
    }),
  );
  found.sort((a, b) => b.opened.mark.sequence - a.opened.mark.sequence);
  const best = found[0]?.opened;
  const tags = found.flatMap(({ opened, mirror, etag }) =>
    etag !== undefined && opened.mark.sha256 === best?.mark.sha256 ? [{ mirror, etag }] : [],
  );
  return { best, tags, isUnchanged, errors };
}

const markOf = ({ epoch, sequence, issuedAt, sha256 }: DeviceState['floors'][number]) => ({
  epoch,
  sequence,
  issuedAt,
  sha256,
});

function noChannel(channel: string, url: string): BundleSealError {
  return new BundleSealError(
    'ERR_SOURCE_FAILED',
    `the store has no channel "${channel}" at ${url}: publish a release to it, or correct the address`,
  );
}

function noStore(url: string): BundleSealError {
  return new BundleSealError(
    'ERR_SOURCE_FAILED',
    `there is no store at ${url}: the server answered with an HTML page. Upload the store to that address, or correct the address`,
  );
}

/** Returns `offline` only if no mirror answered. An index that the device refused shows that the server is reachable. */
function resultOfErrors(errors: readonly unknown[]): CheckResult {
  const refused = errors.find(
    (error) => !(error instanceof BundleSealError && error.code === 'ERR_SOURCE_FAILED'),
  );
  if (refused === undefined) return { status: 'offline', error: errors[0] };
  return { status: 'current', isStale: true, error: refused };
}

/**
 * Chooses a release from the index. One change of the state records the index and forgets the downloaded releases that the index
 * does not offer, so that a killed process leaves both or neither.
 */
async function accept(
  { settings, device }: UpdateContext,
  asked: DeviceState,
  { index, mark }: OpenedIndex,
  facts: transitions.DeviceFacts,
): Promise<CheckResult> {
  const { channel, expiresAt, withdrawn = [] } = index;
  const { imageSize, features, runtime } = settings;
  const offered = index.releases.map(({ id }) => id);
  const stamp = await device.builtIn();
  const builtIn = { id: stamp.id, createdAt: stamp.createdAt };
  let result: CheckResult = { status: 'current', isStale: true };
  await device.change((now) => {
    // Meanwhile another page may have accepted a later index, changed the channel, or accepted another list of keys.
    if (isOutdated(now, asked, mark)) return now;
    const accepted = { channel, ...mark, expiresAt, withdrawn, offered };
    const state = transitions.acceptIndex(now, accepted);
    const options: ChooseOptions = {
      current: transitions.knownRelease(state, state.running, builtIn),
      builtIn,
      ...(runtime !== undefined && { runtime }),
      deviceId: state.deviceId,
      blocked: transitions.blockedNow(state, facts.now),
      features,
    };
    result = resultOf(chooseRelease(index, options), state, builtIn.id, imageSize);
    const isTakenBack = (id: string) => id !== builtIn.id && !isOffered(id, index, options);
    const waiting = [state.ready, state.next].filter((id) => id !== undefined);
    return transitions.takeBackReleases(state, waiting.filter(isTakenBack));
  });
  return result;
}

function resultOf(
  chosen: ReturnType<typeof chooseRelease>,
  state: DeviceState,
  builtIn: string,
  imageSize: number,
): CheckResult {
  if (chosen === 'current') return { status: 'current', isStale: false };
  if (chosen === 'built-in') {
    return state.running === builtIn
      ? { status: 'current', isStale: false }
      : { status: 'available', id: builtIn, way: { kind: 'installed', size: 0 } };
  }
  const [{ way }] = waysTo(chosen, state, imageSize);
  return { status: 'available', id: chosen.id, entry: chosen, way };
}

/** Whether the device would choose this release if the index listed no other release before it. */
function isOffered(id: string, index: ReleaseIndex, options: ChooseOptions): boolean {
  const at = index.releases.findIndex((entry) => entry.id === id);
  const releases = index.releases.filter((entry, i) => i >= at || entry.id === options.current.id);
  const chosen = at === -1 ? 'current' : chooseRelease({ ...index, releases }, options);
  return typeof chosen === 'object' && chosen.id === id;
}

function isOutdated(now: DeviceState, asked: DeviceState, mark: OpenedIndex['mark']): boolean {
  const floor = now.floors.find(({ channel }) => channel === now.channel);
  return (
    now.channel !== asked.channel ||
    (now.keys?.epoch ?? 0) !== (asked.keys?.epoch ?? 0) ||
    (floor !== undefined &&
      (floor.epoch > mark.epoch || (floor.epoch === mark.epoch && floor.sequence > mark.sequence)))
  );
}

function describeResult(result: CheckResult): string {
  if (result.status === 'available') return `available: ${result.id}`;
  if (result.status === 'offline') return 'offline';
  if (!result.isStale) return 'current';
  const { error } = result;
  return `current, stale${error instanceof BundleSealError ? `: ${error.code}` : ''}`;
}
