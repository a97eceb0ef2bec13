// The part of the suite that needs no randomness, no streams and no Blob.

import * as noRandomness from '../suite/no-randomness.js';
import * as opening from '../suite/opening.js';
import { runTopics } from '../topics.js';
import vectors from '../vectors.json';

const topics = { opening, noRandomness };
runTopics(topics, Object.keys(topics), { vectors, backends: ['noble'] }).then(
  (results) => print(`RESULTS ${JSON.stringify(results)}`),
  (error) => print(`failed: ${error} ${error.stack}`),
);
