// The error for a backend that the caller requests and the runtime lacks. `select.ts` loads this file only in that case,
// so that apps stay small.

import { BundleSealError } from '../errors.ts';
import type { BackendName } from './backend.ts';

/** The runtime's feature that each backend requires. `noble` runs everywhere. */
const NEEDS: Readonly<Record<BackendName, string>> = {
  node: 'node:crypto (Node, Bun or Deno)',
  webcrypto: 'crypto.subtle, which a page has only in a secure context (https or localhost)',
  noble: 'nothing',
};

export function unavailable(name: BackendName): BundleSealError {
  return new BundleSealError(
    'ERR_BACKEND_UNAVAILABLE',
    `the ${name} backend needs ${NEEDS[name]}: leave options.backend out to use the fastest backend of this runtime`,
  );
}
