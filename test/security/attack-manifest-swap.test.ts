// Files of a delta update in Capgo's format, put where they do not belong by who serves them.

import { describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../src/backend/select.ts';
import { readCapgoPublicKey } from '../../src/capgo/keys.ts';
import { loadCbc } from '../../src/capgo/load-cbc.ts';
import { recoverSession } from '../../src/capgo/session.ts';
import { decryptManifest, encryptManifest } from '../../src/capgo.ts';
import { rejection } from '../support/errors.ts';
import { capgoPair } from '../support/pairs.ts';

const { privateKey, publicKey } = capgoPair(0);
const text = (content: string) => new TextEncoder().encode(content);
const NEW = { 'app.js': text('new app'), 'login.js': text('new login: asks for the password') };
const update = await encryptManifest(NEW, { privateKey, brotli: false });
const { manifest, ivSessionKey, hashes } = update;
const [app, login] = manifest as [(typeof manifest)[0], (typeof manifest)[0]];
const options = { publicKey, ivSessionKey, trusted: hashes };
const fileOf = (name: string) => update.files.get(name) as Uint8Array;

/** A file of an older update under the session key of this one, by the public key alone. */
async function oldLogin() {
  const old = await encryptManifest(
    { 'login.js': text('old login') },
    { privateKey, brotli: false },
  );
  const backend = await selectBackend();
  const cbc = await loadCbc(backend.name);
  const key = readCapgoPublicKey(publicKey);
  const before = await recoverSession(backend, key, old.ivSessionKey);
  const now = await recoverSession(backend, key, ivSessionKey);
  const nothing = () => {};
  const opened = await cbc.decrypt(before, old.files.get('login.js') as Uint8Array, nothing);
  const { encrypted } = await cbc.encrypt(now, opened?.plain as Uint8Array, nothing);
  return { entry: { ...login, file_hash: old.manifest[0]?.file_hash as string }, encrypted };
}

const exchanged = {
  list: [
    { ...app, file_hash: login.file_hash },
    { ...login, file_hash: app.file_hash },
  ],
  files: new Map([
    ['app.js', fileOf('login.js')],
    ['login.js', fileOf('app.js')],
  ]),
};

describe('an update that is compared with a trusted list', () => {
  it('is opened if it is unchanged', async () => {
    const opened = await decryptManifest(manifest, update.files, options);
    expect(Object.fromEntries(opened)).toEqual(NEW);
  });

  it('is refused if contents were exchanged between paths', async () => {
    const work = decryptManifest(exchanged.list, exchanged.files, options);
    expect(await rejection(work, 'ERR_EXPECTATION_FAILED')).toMatchObject({ path: 'app.js' });
  });

  it('is refused if someone with the public key has inserted an old file', async () => {
    const { entry, encrypted } = await oldLogin();
    const files = new Map([...update.files, ['login.js', encrypted] as const]);
    const work = decryptManifest([app, entry], files, options);
    expect(await rejection(work, 'ERR_EXPECTATION_FAILED')).toMatchObject({ path: 'login.js' });
  });

  it('is refused if a file is missing, and if one was added', async () => {
    const without = decryptManifest([app], update.files, options);
    expect(await rejection(without, 'ERR_EXPECTATION_FAILED')).toMatchObject({ path: 'login.js' });
    const { 'app.js': hash } = hashes;
    const added = decryptManifest(manifest, update.files, {
      ...options,
      trusted: { 'app.js': hash as string },
    });
    expect(await rejection(added, 'ERR_EXPECTATION_FAILED')).toMatchObject({ path: 'login.js' });
  });

  it('does not take inherited members of the list for paths', async () => {
    const made = await encryptManifest({ toString: text('a') }, { privateKey, brotli: false });
    expect(Object.keys(made.hashes)).toEqual(['toString']);
    const work = decryptManifest(made.manifest, made.files, {
      ...{ publicKey, ivSessionKey: made.ivSessionKey, trusted: {} },
    });
    await rejection(work, 'ERR_EXPECTATION_FAILED');
  });

  it.each([[[]], [null], ['a'], [{ a: 'b' }], [{ a: 7 }]])(
    'is not opened with the list %j',
    async (trusted) => {
      const work = decryptManifest(manifest, update.files, {
        ...options,
        trusted: trusted as never,
      });
      await expect(work).rejects.toThrow(/^options\.trusted expected /);
    },
  );
});

it('nothing is decrypted if no list is passed, and the message says what to pass', async () => {
  const brotli = vi.fn((bytes: Uint8Array) => bytes);
  const made = await encryptManifest(
    { a: new Uint8Array(9000) },
    { privateKey, brotli: () => text('a') },
  );
  const opening = {
    publicKey,
    ivSessionKey: made.ivSessionKey,
    brotli,
  } as unknown as typeof options;
  const error = await rejection(
    decryptManifest(made.manifest, made.files, opening),
    'ERR_EXPECTATION_FAILED',
  );
  expect(error.message).toMatch(/signs neither the paths .* options\.trusted/);
  expect(brotli).not.toHaveBeenCalled();
  const swapped = { publicKey, ivSessionKey } as typeof options;
  await rejection(
    decryptManifest(exchanged.list, exchanged.files, swapped),
    'ERR_EXPECTATION_FAILED',
  );
});

// docs/capgo.md says so: the format itself does not prove this.
it('exchanged contents and old files are accepted if the caller says that it compares them', async () => {
  const opening = { publicKey, ivSessionKey, trusted: 'unchecked' } as const;
  const swapped = await decryptManifest(exchanged.list, exchanged.files, opening);
  expect(swapped.get('app.js')).toEqual(NEW['login.js']);
  const { entry, encrypted } = await oldLogin();
  const files = new Map([...update.files, ['login.js', encrypted] as const]);
  const mixed = await decryptManifest([app, entry], files, opening);
  expect(mixed.get('login.js')).toEqual(text('old login'));
});
