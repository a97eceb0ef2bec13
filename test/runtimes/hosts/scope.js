// Runs the suite in a page or a worker, which fetches its input from the server.

import * as stores from '../suite/stores.js';
import { run } from '../suite.js';
import { runTopics } from '../topics.js';

export async function runHere(backends, more = async () => []) {
  const vectors = await (await fetch('/vectors.json')).json();
  return [...(await run({ vectors, backends })), ...(await more(vectors))];
}

/** Pages and dedicated workers install releases. A service worker only reads them, and browsers end one that works for long. */
export const runStores = () => runTopics({ stores }, ['stores'], {});
