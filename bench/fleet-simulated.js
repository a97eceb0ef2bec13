// @ts-check Simulates a device by the rules of docs/updates.md with the real `chooseRelease`, without bytes.
// fleet-real.js checks that real updaters behave the same.

import { chooseRelease } from '../dist/release.js';
import { DAY, offerAt } from './fleet-schedule.js';

/**
 * @typedef {{ at: number, running: string, moved: number, requests: number, indexBytes: number, installed?: string, has: string[] }} Visit
 * What one launch did: the release that ran, the bytes of objects, the requests that reached the store, the release that
 * was installed, and those that the device had before it.
 * @typedef {{ builtIn: import('./fleet-releases.js').ReleaseEntry, badId: string, offers: import('./fleet-schedule.js').Offer[] }} World
 */

/** @param {import('./fleet-schedule.js').DeviceSchedule} schedule @param {World} world @returns {Visit[]} */
export function simulate({ id: deviceId, launches }, { builtIn, badId, offers }) {
  const shipped = { id: builtIn.id, createdAt: builtIn.createdAt };
  let running = builtIn.id;
  /** @type {string | undefined} */
  let previous;
  /** @type {string | undefined} */
  let next;
  let isTrial = false;
  /** @type {Map<string, string>} */
  let installed = new Map();
  const blocked = new Set();
  /** @type {readonly string[]} */
  let withdrawn = [];
  /**
   * The last check that found the running release to be the right one.
   * @type {{ at: number, sealed: Uint8Array, inputs: string } | undefined}
   */
  let settled;
  const inputs = () => [running, ...blocked].join(' ');

  const mayRun = (/** @type {string} */ id) =>
    id === builtIn.id || (installed.has(id) && !blocked.has(id) && !withdrawn.includes(id));
  const rollBack = () => {
    running = previous !== undefined && mayRun(previous) ? previous : builtIn.id;
    previous = undefined;
    isTrial = false;
  };
  const sweep = () => {
    installed = new Map([...installed].filter(([id]) => [running, previous, next].includes(id)));
  };

  return launches.map(({ at, fault, share }) => {
    if (next !== undefined) {
      const taken = next;
      next = undefined;
      if (taken !== running && mayRun(taken)) {
        const confirmed = isTrial ? previous : running;
        previous = confirmed === taken ? undefined : confirmed;
        running = taken;
        isTrial = taken !== builtIn.id;
      }
    }
    if (!mayRun(running)) rollBack();
    sweep();
    const visit = {
      at,
      running,
      moved: 0,
      requests: 0,
      indexBytes: 0,
      has: /** @type {string[]} */ ([]),
    };
    if (running === badId && isTrial) {
      // The bad release calls `fail`, and the next launch runs the previous release.
      blocked.add(running);
      rollBack();
      return visit;
    }
    isTrial = false;

    const { index, sealed } = offerAt(offers, at);
    visit.requests += 1;
    const isKnown = settled?.inputs === inputs() && at - settled.at < 7 * DAY;
    // The server answers 304, without a body.
    if (isKnown && settled?.sealed === sealed) return visit;
    visit.indexBytes += sealed.length;
    withdrawn = index.withdrawn ?? [];
    settled = undefined;
    const chosen = chooseRelease(index, {
      current: { id: running, createdAt: installed.get(running) ?? builtIn.createdAt },
      builtIn: shipped,
      deviceId,
      blocked,
    });
    if (chosen === 'current' || (chosen === 'built-in' && running === builtIn.id)) {
      settled = { at, sealed, inputs: inputs() };
      return visit;
    }
    const entry = chosen === 'built-in' ? builtIn : chosen;
    visit.has = [builtIn.id, ...installed.keys()];
    if (!visit.has.includes(entry.id)) {
      const ways = [...entry.patches.filter(({ from }) => visit.has.includes(from)), entry.bundle];
      ways.sort((a, b) => a.size - b.size);
      const sizes = ways.map(({ size }) => size);
      const [first = 0, second] = sizes;
      const part = Math.floor(share * first);
      if (fault === 'gone') {
        visit.moved += part;
        visit.requests += 1;
        return visit;
      }
      visit.moved += first;
      visit.requests += 1;
      // Fetches the rest by another request.
      if (fault === 'cut') visit.requests += 1;
      if (fault === 'altered') {
        // The digest is wrong: the device reads the index again, and tries another way.
        visit.requests += 1;
        visit.indexBytes += sealed.length;
        if (second === undefined) return visit;
        visit.moved += second;
        visit.requests += 1;
      }
      installed.set(entry.id, entry.createdAt);
      visit.installed = entry.id;
    }
    next = entry.id;
    sweep();
    return visit;
  });
}
