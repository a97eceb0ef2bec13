// Whether the answer of the last check still holds if the index has not changed. A store that says so is trusted with no more
// than one that serves the old index: the index has to be valid still, and it is fetched as a whole once a week.

import { toHex } from '../bytes.ts';
import { encodeUtf8 } from '../utf8.ts';
import type { DeviceState, SettledCheck } from './state.ts';
import * as transitions from './transitions.ts';
import type { Work } from './work.ts';

/** Milliseconds. A server whose validators are wrong holds a device back no longer than this. */
const LONGEST = 604_800_000;

/** SHA-256 of all that `chooseRelease` is given, besides the clock. */
async function inputsOf(
  { settings, device }: Work,
  state: DeviceState,
  now: number,
): Promise<string> {
  const { channel, keys, running, builtIn, deviceId } = state;
  const inputs = {
    ...{ channel, running, builtIn, deviceId, epoch: keys?.epoch },
    index: transitions.acceptedOf(state)?.sha256,
    runtime: settings.runtime,
    features: settings.features,
    blocked: transitions.blockedNow(state, now),
  };
  return toHex(await device.backend.sha256(encodeUtf8(JSON.stringify(inputs))));
}

/** The last check of this device if its answer holds for as long as the index does not change. */
export async function settledOf(
  work: Work,
  state: DeviceState,
  now: number,
): Promise<SettledCheck | undefined> {
  const { settled, floors, channel } = state;
  const accepted = transitions.acceptedOf(state);
  if (settled === undefined || accepted === undefined) return undefined;
  const floor = floors.find((one) => one.channel === channel);
  // The stamp of a native update may have raised the floor above the index.
  if (floor?.sha256 !== accepted.sha256) return undefined;
  const isValid = Date.parse(accepted.expiresAt) > now && accepted.expiresAt > floor.issuedAt;
  const isRecent = now >= settled.at && now - settled.at < LONGEST;
  if (!isValid || !isRecent) return undefined;
  return settled.inputs === (await inputsOf(work, state, now)) ? settled : undefined;
}

/**
 * Records that the running release is the right one.
 *
 * @param before - The check that this one has compared itself with.
 * @param tags - By mirror: the `ETag` of the index.
 */
export async function settle(
  work: Work,
  state: DeviceState,
  now: number,
  before: SettledCheck | undefined,
  tags: SettledCheck['tags'],
): Promise<SettledCheck> {
  const inputs = await inputsOf(work, state, now);
  // The index may have come from the HTTP cache of a browser.
  const isFetched = tags.length > 0 || inputs !== before?.inputs;
  return { at: isFetched ? now : before.at, inputs, tags };
}
