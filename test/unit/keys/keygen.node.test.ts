// In Node alone: in a browser a module that was loaded before can't be exchanged.
// @vitest-environment-options { "own": "keygen" }

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { keyId, keygen as nativeKeygen } from '../../../src/index.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import type { generateRsaKey } from '../../../src/keys/primes.ts';
import { derOf } from '../../support/keys.ts';
import { keyB } from '../../support/vectors.ts';
import { wipedBy } from '../../support/wiped.ts';

const good = parsePrivateKey(keyB.pkcs8);

describe('keygen in pure JavaScript', () => {
  const generate = vi.fn<typeof generateRsaKey>();
  let keygen: typeof nativeKeygen;

  beforeEach(async () => {
    generate.mockReset().mockResolvedValue(good);
    vi.resetModules();
    vi.doMock('../../../src/keys/primes.ts', () => ({ generateRsaKey: generate }));
    ({ keygen } = await import('../../../src/keys/keygen.ts'));
  });
  afterEach(() => {
    vi.doUnmock('../../../src/keys/primes.ts');
    vi.resetModules();
  });

  it.each([
    ['pkcs8', keyB.pkcs8, keyB.spki],
    ['pkcs1', keyB.pkcs1, keyB.pkcs1Public],
  ] as const)('writes the numbers as %s', async (format, privateKey, publicKey) => {
    const pair = await keygen({ modulusBits: 3072, backend: 'noble', format });
    expect(pair).toEqual({ privateKey, publicKey, keyId: await keyId(keyB.spki) });
    expect(generate.mock.calls.map(([bits]) => bits)).toEqual([3072]);
  });

  it('never returns a pair with inconsistent numbers', async () => {
    generate.mockResolvedValue({ ...good, dp: good.dp + 2n });
    const work = keygen({ modulusBits: 3072, backend: 'noble' });
    await expect(work).rejects.toMatchObject({ code: 'ERR_KEY_INVALID' });
    expect(generate).toHaveBeenCalledOnce();
  });

  it('is stopped by an abort between two candidates', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    generate.mockImplementation(async (_bits, _random, pause) => {
      await pause();
      controller.abort(reason);
      await pause();
      throw new Error('it went on');
    });
    const work = keygen({ backend: 'noble', signal: controller.signal });
    await expect(work).rejects.toBe(reason);
  });

  it('returns nothing when it is aborted at its very end', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    generate.mockImplementation(async () => {
      controller.abort(reason);
      return good;
    });
    const work = keygen({ backend: 'noble', signal: controller.signal });
    await expect(work).rejects.toBe(reason);
  });

  it('draws no random bytes when it was aborted before', async () => {
    const reason = new Error('enough');
    const work = keygen({ backend: 'noble', signal: AbortSignal.abort(reason) });
    await expect(work).rejects.toBe(reason);
    expect(generate).not.toHaveBeenCalled();
  });
});

describe.each(['node', 'webcrypto'] as const)('keygen through %s', (backend) => {
  it.each(['pkcs8', 'pkcs1'] as const)(
    'wipes the bytes of the private key, as generated and as %s',
    async (format) => {
      let privateKey = '';
      const wiped = await wipedBy(async () => {
        ({ privateKey } = await nativeKeygen({ modulusBits: 3072, backend, format }));
      });
      const der = toHex(derOf(privateKey));
      // For PKCS#8, the key of the platform and the result are the same.
      const copies = wiped.filter((bytes) => bytes.endsWith(der));
      expect(copies).toHaveLength(2);
    },
  );
});
