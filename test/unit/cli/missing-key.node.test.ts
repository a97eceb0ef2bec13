// What a command says if there is no private key.

import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runInside } from '../../support/cli-inside.ts';
import { NONE, ours, SEAL, useSigningFolder } from '../../support/signing-keys.ts';

const { at, json, put } = useSigningFolder();

describe('a private key that is not here', () => {
  const bare = async (args: readonly string[]) =>
    ((await json(args)) as { message?: unknown }).message as string;

  it('causes the advice to make a pair if the project has no public key either', async () => {
    expect(await bare(SEAL)).toContain('or make a pair with "npx bundleseal key create"');
  });

  it('causes the advice to look for the key, and not to make a new pair, if apps carry the public key', async () => {
    put('.bundleseal_key.pub', ours.publicKey);
    const message = await bare(SEAL);
    expect(message).toContain('with the private half of .bundleseal_key.pub');
    expect(message).toContain('apps that carry this public key refuse what another pair seals');
    expect(message).not.toContain('key create');
    const { findings } = (await json(['doctor'])) as { findings?: unknown };
    const mends = (findings as { code: string; mend?: string }[]).filter(
      ({ code }) => code === 'PRIVATE_KEY_MISSING',
    );
    expect(mends).toEqual([
      expect.objectContaining({
        mend: 'on the build machine, set BUNDLESEAL_PRIVATE_KEY to the private half of .bundleseal_key.pub, or copy .bundleseal_key from the machine on which the pair was made',
      }),
    ]);
  });

  it('is named with its folder if it is in a folder above', async () => {
    put('.bundleseal_key', ours.plain);
    put('.bundleseal_key.pub', ours.publicKey);
    put('package.json', '{ "bundleseal": { "appId": "a", "channel": "c", "store": "s" } }');
    const inner = at('src');
    await mkdir(inner);
    const runThere = (args: readonly string[]) => runInside(args, { cwd: inner, env: NONE });
    const publish = await runThere(['release', 'publish', '.']);
    expect(publish.stderr).toContain(
      '✗ no private key: .bundleseal_key is not here, but ../.bundleseal_key is: run the command in that folder, or pass --key ../.bundleseal_key\n',
    );
    const list = await runThere(['release', 'list']);
    expect(list.stderr).toContain(
      '✗ no public key: run the command in the folder of ../.bundleseal_key.pub, or pass --public-key FILE (',
    );
  });
});
