// Chooses a backend once per operation. Unused backends are never loaded.

import type { Backend, BackendChoice, BackendName } from './backend.ts';

interface Candidate {
  readonly present: () => boolean;
  readonly load: () => Promise<Backend>;
}

/** All backends, in the order in which `'auto'` prefers them. */
const CANDIDATES: Record<BackendName, Candidate> = {
  node: {
    present: hasNodeCrypto,
    load: async () => (await import('./node.ts')).nodeBackend,
  },
  webcrypto: {
    present: () => globalThis.crypto?.subtle !== undefined,
    load: async () => (await import('./webcrypto.ts')).webcryptoBackend,
  },
  noble: {
    present: () => true,
    load: async () => (await import('./noble.ts')).nobleBackend,
  },
};

const BACKEND_NAMES: readonly BackendName[] = Object.keys(CANDIDATES) as BackendName[];

/**
 * Looks for `node:crypto` without an import, because bundlers for browsers would fail on an import of Node.
 */
function hasNodeCrypto(): boolean {
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
  return typeof crypto?.publicDecrypt === 'function' && typeof crypto.createCipheriv === 'function';
}

/**
 * Loads the requested backend; for `'auto'`, the first in {@link CANDIDATES} that the runtime has.
 *
 * @throws {@link BundleSealError} `ERR_BACKEND_UNAVAILABLE` if the requested backend is missing; `TypeError` for an
 * unknown name.
 */
export async function selectBackend(choice: BackendChoice = 'auto'): Promise<Backend> {
  const name = choice === 'auto' ? BACKEND_NAMES.find((one) => CANDIDATES[one].present()) : choice;
  if (name === undefined || !BACKEND_NAMES.includes(name)) {
    throw new TypeError(`options.backend expected 'auto' or one of ${BACKEND_NAMES.join(', ')}`);
  }
  const { present, load } = CANDIDATES[name];
  if (present()) return load();
  const { unavailable } = await import('./unavailable.ts');
  throw unavailable(name);
}
