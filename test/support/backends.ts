import type { BackendName } from '../../src/index.ts';

export const isNode: boolean = typeof process === 'object' && process.versions?.node !== undefined;

/**
 * Every backend that this runtime has, the preferred one first. For tests of behaviour that differs between backends. The
 * fast mode leaves out the one in pure JavaScript, which takes most of the time.
 */
export const BACKENDS: readonly BackendName[] = isNode
  ? ['node', 'webcrypto', ...(process.env['TEST_SCOPE'] === 'fast' ? [] : ['noble' as const])]
  : ['webcrypto', 'noble'];
