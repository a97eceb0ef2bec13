// @ts-check The schedule of a simulation: the indexes that a publisher signs, and the launches of each device. The
// same seed gives the same schedule.

import { createHash } from 'node:crypto';
import { openIndex, sealIndex } from '../dist/release.js';
import { timeOf } from './fleet-releases.js';

const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
export const START = Date.UTC(2026, 0, 5);
export const CHANNEL = 'production';

const SEED = 'bundleseal fleet 1';
const OFFLINE_WEEKS = 0.05;
const BROKEN_DOWNLOADS = 0.02;
/** The share of devices in the first rollout, in thousandths, and its duration. */
const FIRST_ROLLOUT = 100;
const ROLLOUT_TIME = DAY;
/** How long a bad release is offered. */
const BAD_TIME = 12 * HOUR;
const KEPT_ENTRIES = 10;

/**
 * @typedef {'cut' | 'gone' | 'altered'} Fault - The connection breaks once; the network goes with it until the next
 * launch; or a cache answers with other bytes of the same length.
 * @typedef {{ at: number, fault?: Fault, share: number }} Launch `share`: of the object that comes before the fault
 * @typedef {{ id: string, launches: Launch[] }} DeviceSchedule
 * @typedef {{ from: number, sealed: Uint8Array, index: import('../dist/release.js').ReleaseIndex }} Offer
 */

/** A number from 0 to 1 for every thing that is left to chance. @param {...(string | number)} names */
function chance(...names) {
  const digest = createHash('sha256')
    .update([SEED, ...names].join(' '))
    .digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** When the nth release is published; the first one is built in. @param {number} n */
export const publishedAt = (n) => START + n * WEEK;

/** @param {number} count - Releases. */
const endOf = (count) => publishedAt(count - 1) + 2 * WEEK;

/**
 * Three indexes a week: with a rollout, without, and one day before the next week, so that none expires. The bad release
 * is withdrawn within its rollout.
 *
 * @param {readonly import('./fleet-releases.js').Release[]} releases @param {number} bad
 * @param {import('./fleet-releases.js').Keys} keys
 * @returns {Promise<Offer[]>}
 */
export async function sealOffers(releases, bad, { privateKey, publicKey, appId }) {
  /** @type {Offer[]} */
  const offers = [];
  const offer = async (
    /** @type {number} */ at,
    /** @type {number} */ newest,
    /** @type {number} */ rollout,
  ) => {
    const isWithdrawn = newest > bad || (newest === bad && at >= publishedAt(bad) + BAD_TIME);
    const entries = releases.slice(0, newest + 1).reverse();
    const sealed = await sealIndex(
      {
        format: 'bundleseal-index',
        version: 1,
        appId,
        channel: CHANNEL,
        epoch: 0,
        sequence: offers.length + 1,
        issuedAt: timeOf(at),
        expiresAt: timeOf(at + 30 * DAY),
        releases: entries
          .slice(0, KEPT_ENTRIES)
          .map(({ entry }, i) => (i === 0 && rollout < 1000 ? { ...entry, rollout } : entry)),
        ...(isWithdrawn && { withdrawn: [/** @type {any} */ (releases[bad]).entry.id] }),
      },
      { privateKey },
    );
    const index = await openIndex(sealed, {
      publicKey,
      appId,
      channel: CHANNEL,
      epoch: 0,
      now: at,
    });
    offers.push({ from: at, sealed, index });
  };
  await offer(START, 0, 1000);
  for (let n = 1; n < releases.length; n++) {
    await offer(publishedAt(n), n, FIRST_ROLLOUT);
    const next = n === bad ? BAD_TIME : ROLLOUT_TIME;
    await offer(publishedAt(n) + next, n, n === bad ? FIRST_ROLLOUT : 1000);
  }
  return offers;
}

/**
 * A device is launched once a day at an hour of its own, give or take one; in an offline week it is not.
 *
 * @param {number} device @param {number} releases @returns {DeviceSchedule}
 */
export function scheduleOf(device, releases) {
  const hour = chance(device, 'hour') * 22 * HOUR;
  /** @type {Launch[]} */
  const launches = [];
  const days = (endOf(releases) - START) / DAY;
  for (let day = 0; day < days; day++) {
    if (chance(device, 'week', Math.floor(day / 7)) < OFFLINE_WEEKS) continue;
    const at = Math.trunc(START + day * DAY + hour + chance(device, 'day', day) * 2 * HOUR);
    const broken = chance(device, 'fault', day) / BROKEN_DOWNLOADS;
    const faults = /** @type {const} */ (['cut', 'gone', 'altered']);
    const share = chance(device, 'share', day);
    launches.push(
      broken < 1 ? { at, fault: faults[Math.floor(broken * 3)], share } : { at, share },
    );
  }
  const id = createHash('sha256').update(`${SEED} ${device}`).digest('hex').slice(0, 32);
  return { id, launches };
}

/** The offer that a store has. @param {readonly Offer[]} offers @param {number} at */
export function offerAt(offers, at) {
  return /** @type {Offer} */ (offers.findLast(({ from }) => from <= at));
}
