import type { BackendName } from '../../src/index.ts';

/** Every backend that this runtime has: the suites run over each. */
export const BACKENDS: readonly BackendName[] =
  typeof process === 'object' && process.versions?.node !== undefined
    ? ['node', 'webcrypto', 'noble']
    : ['webcrypto', 'noble'];
