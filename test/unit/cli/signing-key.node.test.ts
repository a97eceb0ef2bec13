// The private key by which a command signs: printed by a command, or under a passphrase.

import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyId as capgoKeyId } from '../../../src/capgo/keys.ts';
import { runKeyCommand } from '../../../src/cli/key-command.ts';
import { encryptBundle, keyId } from '../../../src/index.ts';
import { zipBundle } from '../../../src/zip.ts';
import { runInside } from '../../support/cli-inside.ts';
import { rejection } from '../../support/errors.ts';

const PASSPHRASE = 'correct horse battery staple';
const OTHER = 'incorrect pony battery staple';
const VARIABLE = 'BUNDLESEAL_KEY_PASSPHRASE';

function makePair(modulusLength: number) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const under = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE, format: 'pem' } as const;
  return {
    plain: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    pkcs1: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
    pkcs8: privateKey.export({ type: 'pkcs8', ...under }) as string,
    withHeaders: privateKey.export({ type: 'pkcs1', ...under }) as string,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    publicPkcs1: publicKey.export({ type: 'pkcs1', format: 'pem' }) as string,
  };
}

const ours = makePair(3072);
const old = makePair(3072);
const capgo = makePair(2048);
const id = await keyId(ours.publicKey);
const zip = await zipBundle({ 'index.html': new TextEncoder().encode('notifyAppReady') });

let folder: string;
const at = (name: string) => join(folder, name);
const put = (name: string, content: string | Uint8Array) =>
  writeFileSync(at(name), content, { mode: 0o600 });

/** The environment of this machine must not change the tests. */
const NONE = {
  CI: undefined,
  BUNDLESEAL_PRIVATE_KEY: undefined,
  CAPGO_PRIVATE_KEY: undefined,
  [VARIABLE]: undefined,
};

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runInside(args, { cwd: folder, env: { ...NONE, ...env } });

async function json(args: readonly string[], env: Record<string, string> = {}) {
  const { stdout, stderr, code } = await run([...args, '--json'], env);
  return { ...(JSON.parse(stdout) as Record<string, unknown>), said: stdout + stderr, exit: code };
}

/** Prints a file of the folder, on every system. */
const printing = (name: string) => `"${process.execPath}" -p "fs.readFileSync('${name}','utf8')"`;
const node = (program: string) => `"${process.execPath}" -e "${program}"`;

const SEAL = ['bundle', 'encrypt', 'a.zip', '--no-project', '--out', 'o', '--force'];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundleseal-signing-'));
  put('a.zip', zip);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a private key that is not here', () => {
  const bare = async (args: readonly string[]) =>
    ((await json(args)) as { message?: unknown }).message as string;

  it('is to be made if the project has no public key either', async () => {
    expect(await bare(SEAL)).toContain('or make a pair with "bundleseal key create"');
  });

  it('is not to be replaced by a new one if apps carry the public key', async () => {
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
        mend: 'on the build machine, set BUNDLESEAL_PRIVATE_KEY to the private half of .bundleseal_key.pub, or copy .bundleseal_key from where the pair was made',
      }),
    ]);
  });

  it('is named with its folder if it is in a folder above', async () => {
    put('.bundleseal_key', ours.plain);
    put('.bundleseal_key.pub', ours.publicKey);
    put('package.json', '{ "bundleseal": { "appId": "a", "channel": "c", "store": "s" } }');
    const inner = join(folder, 'src');
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

describe('a private key that a command prints', () => {
  beforeEach(() => put('vault.txt', ours.plain));
  const command = ['--key-command', printing('vault.txt')];

  it('seals, reseals and converts', async () => {
    expect(await json([...SEAL, ...command])).toMatchObject({
      keyId: id,
      keyFrom: '--key-command',
    });

    put('old.pub', old.publicKey);
    put('stored', (await encryptBundle(zip, { privateKey: old.plain })).bytes);
    expect(
      await json(['bundle', 'reseal', 'stored', '--from', 'old.pub', ...command]),
    ).toMatchObject({ resealed: [{ file: 'stored', keyId: id }], keyFrom: '--key-command' });

    put('vault.txt', capgo.pkcs1);
    put('new.pub', ours.publicKey);
    const convert = ['bundle', 'convert', 'stored', '--to', 'capgo', '--from', 'new.pub'];
    expect(await json([...convert, '--out', 'c', ...command])).toMatchObject({
      keyId: capgoKeyId(capgo.publicPkcs1),
      keyFrom: '--key-command',
    });
    expect(await json([...SEAL, '--capgo', ...command])).toMatchObject({
      keyId: capgoKeyId(capgo.publicPkcs1),
    });
  });

  it('comes before the variable and the file', async () => {
    put('.bundleseal_key', old.plain);
    const env = { BUNDLESEAL_PRIVATE_KEY: old.plain };
    expect(await json([...SEAL, ...command], env)).toMatchObject({ keyId: id });
  });

  it('is opened with the passphrase that protects it', async () => {
    put('vault.txt', ours.pkcs8);
    expect(await json([...SEAL, ...command], { [VARIABLE]: PASSPHRASE })).toMatchObject({
      keyId: id,
      keyFrom: '--key-command',
    });
  });

  it.each([
    ['--key', ['--key', 'vault.txt']],
    ['--key-data', ['--key-data', ours.plain]],
  ])('is refused together with %s', async (flag, more) => {
    for (const args of [SEAL, ['bundle', 'reseal', 'a.zip', '--from', 'x']]) {
      const { said, ...refused } = await json([...args, ...command, ...more]);
      expect(refused).toMatchObject({ code: 'ERR_USAGE', exit: 2 });
      expect(said).toContain(flag);
      expect(said).toContain('--key-command');
      expect(existsSync(at('o'))).toBe(false);
    }
  });

  it.each<[string, string, RegExp]>([
    [
      'fails',
      node(`console.log('SECRET-OUT'); console.error('SECRET-ERR'); process.exit(3)`),
      /ended with exit code 3; its output is not shown/,
    ],
    ['is not there', 'no-such-command-of-bundleseal', /ended with exit code (127|1);/],
    ['prints nothing', node(''), /printed nothing/],
    ['prints white space', node('console.log()'), /printed nothing/],
    ['prints no key', node(`console.log('SECRET-OUT is no key')`), /not a PEM key/],
    [
      'prints without an end',
      node(`setInterval(() => console.log('SECRET'.repeat(1000)))`),
      /printed more than a key has/,
    ],
  ])('is refused where the command %s, and no output of it is shown', async (_, how, message) => {
    const { said, ...refused } = await json([...SEAL, '--key-command', how]);
    expect(refused).toMatchObject({
      ...{ exit: 1, code: 'ERR_KEY_INVALID' },
      message: expect.stringMatching(message),
    });
    expect(refused).toMatchObject({ message: expect.stringContaining('--key-command') });
    expect(said).not.toMatch(/SECRET/);
    expect(existsSync(at('o'))).toBe(false);
  });

  it.skipIf(process.platform === 'win32')('is refused if a signal ends the command', async () => {
    const work = runKeyCommand('kill -9 $$', new AbortController().signal);
    expect((await rejection(work, 'ERR_KEY_INVALID')).message).toMatch(/was ended by SIGKILL/);
  });

  it('is refused if the command takes too long, and when it is interrupted', async () => {
    const endless = node('setInterval(() => {}, 1000)');
    const late = runKeyCommand(endless, new AbortController().signal, 100);
    expect((await rejection(late, 'ERR_KEY_INVALID')).message).toMatch(
      /took more than 0.1 seconds/,
    );
    const stopping = new AbortController();
    const stopped = runKeyCommand(endless, stopping.signal);
    stopping.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
  });

  it.skipIf(process.platform === 'win32')(
    'ends what the command has started when it takes too long',
    async () => {
      const closed = new Promise<void>((resolve, reject) => {
        const server = createServer((socket) => {
          socket.on('error', () => {}).on('close', () => resolve());
          socket.resume();
          // The command has not ended yet, and has started what connected.
          stopping.abort(new Error('stopped'));
          server.close();
        }).listen(0, () => {
          const { port } = server.address() as AddressInfo;
          const connected = node(`net.connect(${port}).resume().on('error', () => {})`);
          runKeyCommand(`(${connected} & wait); echo`, stopping.signal).catch((error: Error) => {
            if (error.message !== 'stopped') reject(error);
          });
        });
      });
      const stopping = new AbortController();
      await closed;
    },
  );

  it.each<[string, string]>([
    ['nothing', ''],
    ['white space', ' '],
  ])('is not asked of a command that is %s', async (_, command) => {
    const { said, ...refused } = await json([...SEAL, '--key-command', command]);
    expect(refused).toMatchObject({ exit: 2, message: expect.stringMatching(/it is empty/) });
  });

  const der = createPrivateKey(ours.plain).export({ type: 'pkcs8', format: 'der' });
  it.each<[string, string]>([
    ['PEM', ours.plain],
    ['PEM in quotes and one line', `"${ours.plain.replaceAll('\n', ' ')}"`],
    ['PEM with \\n for line breaks', ours.plain.replaceAll('\n', '\\n')],
    ['PKCS#1', ours.pkcs1],
    ['PEM under a passphrase', ours.pkcs8],
    ['PEM without its first line', ours.plain.split('\n').slice(1).join('\n')],
    ['PEM in base64', Buffer.from(ours.plain).toString('base64')],
    ['PEM with percent escapes', encodeURIComponent(ours.plain)],
    ['DER in base64', der.toString('base64')],
    ['DER in base64url', der.toString('base64url')],
    ['DER in hexadecimal digits', der.toString('hex')],
    ['a JWK', JSON.stringify(createPrivateKey(ours.plain).export({ format: 'jwk' }))],
  ])('is not asked of a shell where the key itself was passed, as %s', async (_, text) => {
    const { said, ...refused } = await json([...SEAL, '--key-command', text]);
    expect(refused).toMatchObject({
      exit: 2,
      message: expect.stringMatching(/looks like a key itself/),
    });
    for (let start = 40; start < text.length - 24; start += 24) {
      expect(said).not.toContain(text.slice(start, start + 24));
    }
  });

  it('may come from a command that contains base64', async () => {
    put('AQICAHhMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7', ours.plain);
    const how = printing('AQICAHhMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7');
    expect(await json([...SEAL, '--key-command', how])).toMatchObject({ keyId: id });
  });

  it('gets no input and prints nothing on the terminal', async () => {
    const how = node(
      `process.stdin.on('data', () => {}).on('end', () => { console.error('ASK'); console.log(fs.readFileSync('vault.txt', 'utf8')) })`,
    );
    const { said, ...sealed } = await json([...SEAL, '--key-command', how]);
    expect(sealed).toMatchObject({ keyId: id });
    expect(said).not.toContain('ASK');
  });
});

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
    expect(await readdir(folder)).toEqual(['a.zip', 'k']);
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
    expect(await readdir(folder)).toEqual(['a.zip']);
  });
});
