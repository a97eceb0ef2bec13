import type { BackendName } from '../../src/index.ts';

export const isNode: boolean = typeof process === 'object' && process.versions?.node !== undefined;

/**
 * Every backend that this runtime has, the preferred one first. For tests of behaviour that differs between backends.
 */
export const BACKENDS: readonly BackendName[] = isNode
  ? ['node', 'webcrypto', 'noble']
  : ['webcrypto', 'noble'];
