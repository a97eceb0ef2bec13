// Capgo's keys in pure JavaScript, in Node alone: in a browser a module that was loaded before can't be exchanged.
// @vitest-environment-options { "own": "capgo-keygen" }

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCapgoPrivateKey } from '../../../src/capgo/keys.ts';
import { keygen } from '../../../src/capgo.ts';
import type { generateRsaKey } from '../../../src/keys/primes.ts';

let pair: Awaited<ReturnType<typeof keygen>>;
let numbers: ReturnType<typeof readCapgoPrivateKey>;

// Before each, though done once: where no key can be made the tests fail, and the file is not just left out.
beforeEach(async () => {
  pair ??= await keygen();
  numbers ??= readCapgoPrivateKey(pair.privateKey);
});

describe('keygen of Capgo in pure JavaScript', () => {
  const generate = vi.fn<typeof generateRsaKey>();
  let withNumbers: typeof keygen;

  beforeEach(async () => {
    generate.mockReset().mockResolvedValue(numbers);
    vi.resetModules();
    vi.doMock('../../../src/keys/primes.ts', () => ({ generateRsaKey: generate }));
    ({ keygen: withNumbers } = await import('../../../src/capgo/keys.ts'));
  });
  afterEach(() => {
    vi.doUnmock('../../../src/keys/primes.ts');
    vi.resetModules();
  });

  it('encodes the numbers like a native backend', async () => {
    expect(await withNumbers({ backend: 'noble' })).toEqual(pair);
    expect(generate.mock.calls.map(([bits]) => bits)).toEqual([2048]);
  });

  it('never returns a pair with inconsistent numbers', async () => {
    generate.mockResolvedValue({ ...numbers, dp: numbers.dp + 2n });
    const work = withNumbers({ backend: 'noble' });
    await expect(work).rejects.toMatchObject({ code: 'ERR_KEY_INVALID' });
  });

  it('is not used if the platform makes keys, with a signal or without', async () => {
    const { signal } = new AbortController();
    const made = [await withNumbers(), await withNumbers({ signal })];
    expect(generate).not.toHaveBeenCalled();
    const moduli = [pair, ...made].map(({ privateKey }) => readCapgoPrivateKey(privateKey).n);
    expect(new Set(moduli).size).toBe(3);
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
    const work = withNumbers({ backend: 'noble', signal: controller.signal });
    await expect(work).rejects.toBe(reason);
  });

  it('returns nothing when it is aborted at its very end', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    generate.mockImplementation(async () => {
      controller.abort(reason);
      return numbers;
    });
    const work = withNumbers({ backend: 'noble', signal: controller.signal });
    await expect(work).rejects.toBe(reason);
  });

  it('draws no random bytes when it was aborted before', async () => {
    const reason = new Error('enough');
    const work = withNumbers({ backend: 'noble', signal: AbortSignal.abort(reason) });
    await expect(work).rejects.toBe(reason);
    expect(generate).not.toHaveBeenCalled();
  });
});

describe('keygen of Capgo by the platform', () => {
  it('rejects at once when it is aborted meanwhile', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = keygen({ signal: controller.signal });
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
  });
});
