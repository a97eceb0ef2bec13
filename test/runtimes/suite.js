// What every runtime has to do, by the packed package alone: no test framework, no module of Node, and nothing
// that a topic does not need itself, so that it can be bundled for anything.

import * as capgo from './suite/capgo.js';
import * as errors from './suite/errors.js';
import * as opening from './suite/opening.js';
import * as ranges from './suite/ranges.js';
import * as releases from './suite/releases.js';
import * as sealing from './suite/sealing.js';
import * as streams from './suite/streams.js';
import * as zip from './suite/zip.js';
import { runTopics } from './topics.js';

const TOPICS = { opening, errors, sealing, streams, ranges, zip, releases, capgo };

/**
 * @param {object} given
 * @param {object} given.vectors - What `vectors.js` gathers: fixed keys, bundles and session keys.
 * @param {string[]} given.backends - Those that this runtime has, the preferred one first; that it has no other is tested.
 * @param {string[]} [given.only] - Topics. Default: all.
 * @returns {Promise<{ name: string, ok: boolean, error?: string, ms: number }[]>}
 */
export async function run({ only = Object.keys(TOPICS), ...given }) {
  return runTopics(TOPICS, only, given);
}
