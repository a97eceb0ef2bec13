// A page over plain http, on a name that is not localhost: no crypto.subtle.

import { decryptBundle, encryptBundle } from 'bundleseal';
import { sample } from '../suite/bytes.js';
import { equal } from '../suite/check.js';
import { runTopics } from '../topics.js';
import { runHere } from './scope.js';

const insecure = {
  *tests({ vectors }) {
    const { pkcs8: privateKey, spki: publicKey } = vectors.sealed.keys.b;

    yield [
      'is no secure context',
      () => {
        equal(isSecureContext, false, 'isSecureContext');
        equal(crypto.subtle, undefined, 'crypto.subtle');
      },
    ];

    yield [
      'goes on responding while 4 MiB are opened',
      async () => {
        const { bytes } = await encryptBundle(sample(2 ** 22), { privateKey });
        let ticks = 0;
        let longest = 0;
        let last = performance.now();
        const tick = () => {
          const now = performance.now();
          longest = Math.max(longest, now - last);
          last = now;
        };
        const timer = setInterval(() => {
          ticks++;
          tick();
        });
        const start = performance.now();
        await decryptBundle(bytes, { publicKey });
        const took = performance.now() - start;
        clearInterval(timer);
        tick();
        equal(ticks >= 5, true, `${ticks} ticks; five or more`);
        return `${ticks} ticks in ${took.toFixed(0)} ms, at most ${longest.toFixed(0)} ms apart`;
      },
    ];
  },
};

globalThis.inInsecurePage = () =>
  runHere(['noble'], (vectors) => runTopics({ insecure }, ['insecure'], { vectors }));
