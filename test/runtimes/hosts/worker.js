import { runHere, runStores } from './scope.js';

runHere(['webcrypto', 'noble'], runStores).then(
  (results) => postMessage(results),
  (error) =>
    setTimeout(() => {
      throw error;
    }),
);
