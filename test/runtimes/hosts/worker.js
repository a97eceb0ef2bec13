import { runHere } from './scope.js';

runHere(['webcrypto', 'noble']).then(
  (results) => postMessage(results),
  (error) =>
    setTimeout(() => {
      throw error;
    }),
);
