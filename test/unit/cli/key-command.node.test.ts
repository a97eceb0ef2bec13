// The private key that another program prints.

import { createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { keyId as capgoKeyId } from '../../../src/capgo/keys.ts';
import { runKeyCommand } from '../../../src/cli/key-command.ts';
import { encryptBundle } from '../../../src/index.ts';
import { zip } from '../../support/cli-keys.ts';
import { rejection } from '../../support/errors.ts';
import {
  capgo,
  id,
  node,
  old,
  ours,
  PASSPHRASE,
  SEAL,
  useSigningFolder,
  VARIABLE,
} from '../../support/signing-keys.ts';

/** Prints a file of the folder, on every system. */
const printing = (name: string) => `"${process.execPath}" -p "fs.readFileSync('${name}','utf8')"`;

const { at, json, put } = useSigningFolder();

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
    ['prints nothing', node(''), /printed nothing: run it separately/],
    ['prints white space', node('console.log()'), /printed nothing/],
    ['prints no key', node(`console.log('SECRET-OUT is no key')`), /not a PEM key/],
    [
      'prints without an end',
      node(`setInterval(() => console.log('SECRET'.repeat(1000)))`),
      /printed more than the longest key/,
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
    expect(refused).toMatchObject({
      exit: 2,
      message: expect.stringMatching(/takes a command that prints the key, got an empty text/),
    });
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
