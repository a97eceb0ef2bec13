// The module of the node backend on runtimes other than Node. Bundlers for browsers inline it, and Deno has node:crypto too.
// @vitest-environment-options { "own": "other-runtimes" }

import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The backend, loaded where `process` is this. */
async function loadedWith(process: unknown) {
  vi.resetModules();
  vi.stubGlobal('process', process);
  return (await import('../../../src/backend/node.ts')).nodeBackend;
}

const { process } = globalThis;
const { getBuiltinModule } = process;

describe('the module of the node backend', () => {
  it.each([
    ['whose process is empty', {}],
    ['whose process has no modules', { versions: {} }],
  ])('loads on a runtime %s, and is not used there', async (_, value) => {
    expect((await loadedWith(value)).name).toBe('node');
  });

  it('has RSA on Node and not on Deno, whose node:crypto has none without padding', async () => {
    const { versions } = process;
    expect((await loadedWith({ getBuiltinModule, versions })).rsa).toBeDefined();
    const deno = { ...versions, deno: '2.5.0' };
    expect((await loadedWith({ getBuiltinModule, versions: deno })).rsa).toBeUndefined();
  });
});
