// Chooses a backend, once for each operation. Unused backends are never loaded.

import { BundleSealError } from '../errors.ts';
import type { Backend, BackendChoice, BackendName } from './backend.ts';

interface Candidate {
  readonly present: () => boolean;
  readonly load: () => Promise<Backend>;
  /** What a runtime lacks where the backend is not present. Absent for one that is present everywhere. */
  readonly needs?: string;
}

/** In order of preference. */
const CANDIDATES: Record<BackendName, Candidate> = {
  node: {
    present: hasNodeCrypto,
    load: async () => (await import('./node.ts')).nodeBackend,
    needs: 'node:crypto (Node, Bun or Deno)',
  },
  webcrypto: {
    present: () => globalThis.crypto?.subtle !== undefined,
    load: async () => (await import('./webcrypto.ts')).webcryptoBackend,
    needs: 'crypto.subtle, which a page has only in a secure context (https or localhost)',
  },
  noble: {
    present: () => true,
    load: async () => (await import('./noble.ts')).nobleBackend,
  },
};

const BACKEND_NAMES: readonly BackendName[] = Object.keys(CANDIDATES) as BackendName[];

/** The runtime's own module, without an import that bundlers for browsers would stumble over. */
function hasNodeCrypto(): boolean {
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
  return typeof crypto?.publicDecrypt === 'function' && typeof crypto.createCipheriv === 'function';
}

/**
 * @throws {@link BundleSealError} `ERR_BACKEND_UNAVAILABLE` if the requested backend is missing; `TypeError` for an
 * unknown name.
 */
export async function selectBackend(choice: BackendChoice = 'auto'): Promise<Backend> {
  const name = choice === 'auto' ? BACKEND_NAMES.find((one) => CANDIDATES[one].present()) : choice;
  if (name === undefined || !BACKEND_NAMES.includes(name)) {
    throw new TypeError(`options.backend expected 'auto' or one of ${BACKEND_NAMES.join(', ')}`);
  }
  const { present, load, needs } = CANDIDATES[name];
  if (!present()) {
    throw new BundleSealError(
      'ERR_BACKEND_UNAVAILABLE',
      `the ${name} backend needs ${needs}: leave options.backend out to use the fastest one that is here`,
    );
  }
  return load();
}
