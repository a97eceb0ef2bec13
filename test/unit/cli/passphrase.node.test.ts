// The private key under a passphrase.

import { readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { keyId as capgoKeyId } from '../../../src/capgo/keys.ts';
import { encryptBundle } from '../../../src/index.ts';
import { zip } from '../../support/cli-keys.ts';
import {
  capgo,
  id,
  old,
  ours,
  PASSPHRASE,
  SEAL,
  useSigningFolder,
  VARIABLE,
} from '../../support/signing-keys.ts';

const OTHER = 'incorrect pony battery staple';

const { at, json, put } = useSigningFolder();

describe('a private key under a passphrase', () => {
  const env = { [VARIABLE]: PASSPHRASE };

  it.each([
    ['PKCS#8', ours.pkcs8],
    ['the older form', ours.withHeaders],
  ])('seals, reseals and converts in %s, from a file and from the variable', async (_, key) => {
    put('k', key);
    expect(await json([...SEAL, '--key', 'k'], env)).toMatchObject({ keyId: id, keyFrom: 'k' });
    const mangled = { ...env, BUNDLESEAL_PRIVATE_KEY: key.replaceAll('\n', '\\n') };
    expect(await json(SEAL, mangled)).toMatchObject({
      keyId: id,
      keyFrom: 'BUNDLESEAL_PRIVATE_KEY',
    });
    put('old.pub', old.publicKey);
    put('stored', (await encryptBundle(zip, { privateKey: old.plain })).bytes);
    const reseal = ['bundle', 'reseal', 'stored', '--from', 'old.pub', '--key', 'k'];
    expect(await json(reseal, env)).toMatchObject({ resealed: [{ keyId: id }] });
  });

  it.each([
    ['PKCS#8', capgo.pkcs8],
    ['the older form', capgo.withHeaders],
  ])("signs in %s for Capgo's plugin", async (_, key) => {
    put('.capgo_key_v2', key);
    expect(await json([...SEAL, '--capgo'], env)).toMatchObject({
      keyId: capgoKeyId(capgo.publicPkcs1),
    });
  });

  it('is refused with the name of the variable if there is no passphrase and no terminal', async () => {
    put('k', ours.pkcs8);
    for (const args of [
      [...SEAL, '--key', 'k'],
      ['bundle', 'reseal', 'a.zip', '--from', 'k.pub', '--key', 'k'],
      ['key', 'rotate', '--key', 'k'],
      ['key', 'show', 'k'],
    ]) {
      const refused = await json(args);
      expect(refused).toMatchObject({ exit: 1, code: 'ERR_KEY_INVALID' });
      expect(refused).toMatchObject({
        message: expect.stringMatching(/^k: .*passphrase: set BUNDLESEAL_KEY_PASSPHRASE, or run/),
      });
    }
    expect(await readdir(at())).toEqual(['a.zip', 'k']);
  });

  it('is refused with a wrong or an empty passphrase, which is not repeated', async () => {
    put('k', ours.pkcs8);
    const wrong = await json([...SEAL, '--key', 'k'], { [VARIABLE]: OTHER });
    expect(wrong).toMatchObject({
      message: expect.stringMatching(
        /^k: the passphrase does not open .*\(the passphrase came from BUNDLESEAL_KEY_PASSPHRASE\)$/,
      ),
    });
    expect(wrong.said).not.toMatch(/pony/);
    const empty = await json([...SEAL, '--key', 'k'], { [VARIABLE]: '' });
    expect(empty).toMatchObject({ message: expect.stringMatching(/is set and empty/) });
  });

  it('is shown by key show, and examined by doctor with the passphrase', async () => {
    put('.bundleseal_key', ours.pkcs8);
    put('.bundleseal_key.pub', ours.publicKey);
    const LOCKED = {
      ...{ half: 'private', bits: 3072, keyId: id, isProtected: true },
      format: 'PKCS#8 PEM under a passphrase',
    };
    expect(
      await json(['key', 'show', '.bundleseal_key', '.bundleseal_key.pub'], env),
    ).toMatchObject({
      belongTogether: true,
      keys: [LOCKED, { half: 'public' }],
    });
    const codesOf = (found: Record<string, unknown>) =>
      (found['findings'] as { readonly code: string }[]).map(({ code }) => code);
    const known = codesOf(await json(['doctor'], env));
    expect(known).toEqual(expect.arrayContaining(['PRIVATE_KEY_FOUND', 'ROUND_TRIP_PASSED']));
    const unknown = await json(['doctor']);
    expect(codesOf(unknown)).toContain('PRIVATE_KEY_PROTECTED');
    expect(codesOf(unknown)).not.toContain('PRIVATE_KEY_INVALID');
    expect(unknown).toMatchObject({ unknown: expect.any(Number), bad: 0 });
    const wrong = await json(['doctor'], { [VARIABLE]: OTHER });
    expect(codesOf(wrong)).toContain('PRIVATE_KEY_INVALID');
    const inVariable = await json(['doctor'], { ...env, BUNDLESEAL_PRIVATE_KEY: ours.withHeaders });
    expect(codesOf(inVariable)).not.toContain('PRIVATE_KEY_INVALID');
  });

  it('is refused in place of the public key, with the advice to pass that', async () => {
    put('k', ours.pkcs8);
    const refused = await json(['key', 'save', '--key', 'k', '--module', 'key.ts'], env);
    expect(refused).toMatchObject({
      code: 'ERR_KEY_INVALID',
      message: 'k: this is an encrypted private key: pass the .pub file of the pair',
    });
  });

  it('is refused in a build folder too', async () => {
    await mkdir(at('dist'));
    put('dist/index.html', 'x');
    for (const key of [ours.pkcs8, ours.withHeaders]) {
      put('dist/notes.txt', `see\n${key}`);
      const refused = await json(['bundle', 'zip', 'dist'], env);
      expect(refused).toMatchObject({ message: expect.stringMatching(/an encrypted private key/) });
    }
  });

  it('is made by key create --protect, and key rotate protects the next one too', async () => {
    const made = await json(['key', 'create', '--protect', '--bits', '3072'], env);
    expect(made).toMatchObject({ isProtected: true });
    const first = readFileSync(at('.bundleseal_key'), 'utf8');
    expect(first).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    const rotated = await json(['key', 'rotate'], env);
    expect(rotated).toMatchObject({ oldKeyId: made['keyId' as never] });
    expect(readFileSync(at('.bundleseal_key.old'), 'utf8')).toBe(first);
    const second = readFileSync(at('.bundleseal_key'), 'utf8');
    expect(second).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(
      await json(['key', 'show', '.bundleseal_key', '.bundleseal_key.pub'], env),
    ).toMatchObject({
      belongTogether: true,
    });
  });

  it('is not made without a passphrase, nor in a form without encryption', async () => {
    const create = ['key', 'create', '--protect'];
    expect(await json(create)).toMatchObject({ message: expect.stringContaining(VARIABLE) });
    expect(await json(create, { [VARIABLE]: '' })).toMatchObject({
      exit: 1,
      code: 'ERR_KEY_INVALID',
    });
    for (const form of [['--capgo'], ['--format', 'pkcs1']]) {
      expect(await json([...create, ...form], env)).toMatchObject({ exit: 2, code: 'ERR_USAGE' });
    }
    expect(await readdir(at())).toEqual(['a.zip']);
  });
});
