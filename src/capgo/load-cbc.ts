// Loads the cipher of the chosen backend.

import type { BackendName } from '../backend/backend.ts';
import type { Cbc } from './cbc.ts';

export async function loadCbc(backend: BackendName): Promise<Cbc> {
  switch (backend) {
    case 'node':
      return (await import('./cbc-node.ts')).nodeCbc;
    case 'webcrypto':
      return (await import('./cbc-webcrypto.ts')).webcryptoCbc;
    case 'noble':
      return (await import('./cbc-noble.ts')).nobleCbc;
  }
}
