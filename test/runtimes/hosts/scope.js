// The suite in a page or a worker, which asks the server for what it is given.

import * as stores from '../suite/stores.js';
import { run } from '../suite.js';
import { runTopics } from '../topics.js';

export async function runHere(backends, more = async () => []) {
  const vectors = await (await fetch('/vectors.json')).json();
  return [
    ...(await run({ vectors, backends })),
    ...(await runTopics({ stores }, ['stores'], {})),
    ...(await more(vectors)),
  ];
}
