// The suite as a script: in Node, Bun and Deno, with their files.

import { readFileSync } from 'node:fs';
import * as files from '../suite/files.js';
import { run } from '../suite.js';
import { runTopics } from '../topics.js';

const vectors = JSON.parse(readFileSync('vectors.json', 'utf8'));
const backends = ['node', 'webcrypto', 'noble'];
const results = await run({ vectors, backends });
results.push(...(await runTopics({ files }, ['files'], { vectors })));
console.log(`RESULTS ${JSON.stringify(results)}`);
