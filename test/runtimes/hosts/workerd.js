// The suite in a worker of workerd, without its Node compatibility.

import vectors from 'vectors.json';
import { run } from '../suite.js';

export default {
  async test() {
    const results = await run({ vectors, backends: ['webcrypto', 'noble'] });
    console.log(`RESULTS ${JSON.stringify(results)}`);
  },
};
