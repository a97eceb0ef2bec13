// Decides whether the result of the last check is still valid if the index has not changed. A store that wrongly says so gains no
// more than a store that serves the old index: the index must not have expired, and the updater fetches it as a whole once a week.

import { toHex } from '../bytes.ts';
import { encodeUtf8 } from '../utf8.ts';
import type { UpdateContext } from './context.ts';
import type { DeviceState, SettledCheck } from './state.ts';
import * as transitions from './transitions.ts';

/** Milliseconds for which the updater trusts the validators of a server. */
const LONGEST = 604_800_000;

/** Computes the SHA-256 of all inputs of `chooseRelease` except the clock. */
async function inputsOf(
  { settings, device }: UpdateContext,
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

/** Returns the last check of this device if its result is valid as long as the index does not change. */
export async function settledOf(
  context: UpdateContext,
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
  return settled.inputs === (await inputsOf(context, state, now)) ? settled : undefined;
}

/**
 * Makes the record of a check whose result is that the device should keep the running release.
 *
 * @param before - The last check, if its result was still valid when this check started.
 * @param tags - The `ETag` of the index for each mirror.
 */
export async function settle(
  context: UpdateContext,
  state: DeviceState,
  now: number,
  before: SettledCheck | undefined,
  tags: SettledCheck['tags'],
): Promise<SettledCheck> {
  const inputs = await inputsOf(context, state, now);
  // The index may have come from the HTTP cache of a browser.
  const isFetched = tags.length > 0 || inputs !== before?.inputs;
  return { at: isFetched ? now : before.at, inputs, tags };
}
