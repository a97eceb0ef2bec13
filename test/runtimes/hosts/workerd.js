// The suite in a worker of workerd.

import vectors from 'vectors.json';
import { run } from '../suite.js';

export default {
  async test(_controller, { backends }) {
    const results = await run({ vectors, backends });
    console.log(`RESULTS ${JSON.stringify(results)}`);
  },
};
