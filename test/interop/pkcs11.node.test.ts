// A signer whose private key never leaves a PKCS#11 token: SoftHSM, reached by OpenSC's pkcs11-tool, as the guide shows it.

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../build/inline-worker.js';
import { decryptBundle, encryptBundle, keyId, resealBundle, type Signer } from '../../src/index.ts';
import { blocks, ROOT } from '../support/docs.ts';
import { rejection } from '../support/errors.ts';
import { keyA } from '../support/vectors.ts';

// Debian, Fedora, Homebrew.
const MODULE = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
].find((path) => existsSync(path));

const isInstalled =
  MODULE !== undefined &&
  ['softhsm2-util', 'pkcs11-tool'].every((tool) => spawnSync(tool, ['-v']).error === undefined);
// In CI a missing token is a failure, not a shorter run.
const skipped = !isInstalled && process.env['CI'] === undefined;
const name = skipped
  ? 'PKCS#11: skipped, there is no token (Debian: apt-get install softhsm2 opensc)'
  : 'a private key on a PKCS#11 token';

const PIN = '482916';

describe.skipIf(skipped)(name, () => {
  let folder = '';
  let env: NodeJS.ProcessEnv;
  let publicKey: Uint8Array;

  const argsFor = (id: string) => [
    ...['--module', MODULE as string, '--token-label', 'release', '--id', id],
  ];

  /** As in the guide, with the parts that a test changes. */
  function signerOn(id: string, mechanism = 'RSA-PKCS', pin = PIN): Signer {
    return {
      publicKey,
      async sign(payload) {
        const args = [...argsFor(id), '--login', '--pin', 'env:TOKEN_PIN', '--sign'];
        const running = promisify(execFile)('pkcs11-tool', [...args, '--mechanism', mechanism], {
          encoding: 'buffer',
          env: { ...env, TOKEN_PIN: pin },
        });
        running.child.stdin?.on('error', () => {}).end(payload);
        return (await running).stdout;
      },
    };
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bundleseal-pkcs11-'));
    mkdirSync(join(folder, 'tokens'));
    const conf = join(folder, 'softhsm2.conf');
    writeFileSync(conf, `directories.tokendir = ${join(folder, 'tokens')}\n`);
    env = { ...process.env, SOFTHSM2_CONF: conf, TOKEN_PIN: PIN, PKCS11_MODULE: MODULE };
    const quietly = { env, stdio: 'pipe' } as const;
    execFileSync(
      'softhsm2-util',
      ['--init-token', '--free', '--label', 'release', '--so-pin', PIN, '--pin', PIN],
      quietly,
    );
    const login = ['--login', '--pin', 'env:TOKEN_PIN'];
    for (const id of ['01', '02']) {
      const generate = ['--keypairgen', '--key-type', 'rsa:3072'];
      execFileSync('pkcs11-tool', [...argsFor(id), ...login, ...generate], quietly);
    }
    const read = ['--read-object', '--type', 'pubkey'];
    publicKey = execFileSync('pkcs11-tool', [...argsFor('01'), ...read], quietly);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('seals and reseals bundles that its public key opens', async () => {
    const plain = Uint8Array.from({ length: 300_000 }, (_, i) => i & 0xff);
    const signer = signerOn('01');
    const { bytes, keyId: id } = await encryptBundle(plain, { privateKey: signer });
    expect(id).toBe(await keyId(publicKey));
    expect(await decryptBundle(bytes, { publicKey })).toEqual(plain);

    const { bytes: older } = await encryptBundle(plain, { privateKey: keyA.pkcs8 });
    const resealed = await resealBundle(older, { publicKey: keyA.spki, privateKey: signer });
    expect(await decryptBundle(resealed, { publicKey })).toEqual(plain);
  });

  it.each([
    ['signs with another key of the token', '02', 'RSA-PKCS', PIN],
    ['hashes what it signs', '01', 'SHA256-RSA-PKCS', PIN],
    ['signs without padding', '01', 'RSA-X-509', PIN],
    ['refuses the PIN', '01', 'RSA-PKCS', '000000'],
    ['has no such key', '07', 'RSA-PKCS', PIN],
  ])('makes no bundle if it %s', async (_, id, mechanism, pin) => {
    const work = encryptBundle(new Uint8Array(10), { privateKey: signerOn(id, mechanism, pin) });
    const { message } = await rejection(work, 'ERR_SIGNER_FAILED');
    expect(message).not.toContain(pin);
  });

  it('seals a file by the code of the guide', async () => {
    const shown = blocks.filter(
      ({ file, language }) => file === 'docs/guides/key-service.md' && language === 'typescript',
    );
    expect(shown).toHaveLength(1);
    const project = join(folder, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'seal.ts'), shown[0]?.code as string);
    const plain = new TextEncoder().encode('plain');
    writeFileSync(join(project, 'app.zip'), plain);
    await build({
      entryPoints: [join(project, 'seal.ts')],
      outfile: join(project, 'seal.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      alias: {
        'bundleseal/node': join(ROOT, 'src/node.ts'),
        bundleseal: join(ROOT, 'src/index.ts'),
      },
      nodePaths: [join(ROOT, 'node_modules')],
      plugins: [inlineWorkers()],
      logLevel: 'error',
    });
    execFileSync(process.execPath, ['seal.mjs'], { cwd: project, env, stdio: 'pipe' });
    const sealed = readFileSync(join(project, 'app.sealed'));
    expect(await decryptBundle(sealed, { publicKey })).toEqual(plain);
  });
});
