// In Node alone: in a browser a module that was loaded before can't be exchanged.

import { describe, expect, it, vi } from 'vitest';
import { parsePrivateKey } from '../../src/keys/parse.ts';
import { keyB } from '../support/vectors.ts';

describe('keygen in pure JavaScript', () => {
  it('never gives out a pair whose numbers do not fit', async () => {
    const good = parsePrivateKey(keyB.pkcs8);
    const faulty = vi.fn(async () => ({ ...good, dp: good.dp + 2n }));
    vi.resetModules();
    vi.doMock('../../src/keys/primes.ts', () => ({ generateKey: faulty }));
    try {
      const { keygen: withFault } = await import('../../src/keys/keygen.ts');
      const work = withFault({ modulusBits: 3072, backend: 'noble' });
      const outcome = await work.catch((error: unknown) => error);
      expect(faulty).toHaveBeenCalledOnce();
      expect(outcome).toMatchObject({ code: 'ERR_KEY_INVALID' });
    } finally {
      vi.doUnmock('../../src/keys/primes.ts');
      vi.resetModules();
    }
  });
});
