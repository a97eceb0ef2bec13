// The plugin in real builds of the newest Vite. test/consumers runs it in Vite 6 and in Rollup.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  build,
  createLogger,
  createServer,
  type Plugin,
  resolveConfig,
  type UserConfig,
} from 'vite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decryptBundle } from '../../../src/index.ts';
import { stampRelease } from '../../../src/node.ts';
import { directoryId } from '../../../src/publish/stamp.ts';
import { readStamp } from '../../../src/release.ts';
import { type BundlesealOptions, bundleseal, type SealedBuild } from '../../../src/vite.ts';
import { unzipBundle } from '../../../src/zip.ts';
import { makeFolder } from '../../support/files.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;

let folder: string;
const at = (path: string) => join(folder, path);

function write(path: string, content: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

/** Builds the project and returns the log. */
async function viteBuild(
  options: BundlesealOptions,
  more: UserConfig = {},
  others: Plugin[] = [],
): Promise<string> {
  const lines: string[] = [];
  const customLogger = createLogger('silent');
  for (const level of ['info', 'warn', 'warnOnce', 'error'] as const) {
    customLogger[level] = (message) => void lines.push(message);
  }
  const plugins = [bundleseal(options), ...others];
  await build({ root: folder, configFile: false, customLogger, plugins, ...more });
  return lines.join('\n');
}

async function opened(path: string): Promise<string[]> {
  const zip = await decryptBundle(readFileSync(at(path)), { publicKey });
  return [...(await unzipBundle(zip)).keys()].sort();
}

beforeEach(() => {
  folder = makeFolder();
  write('index.html', '<script type="module" src="/main.js"></script>');
  write('main.js', 'document.title = "built";');
  write('public/robots.txt', 'User-agent: *');
  vi.stubEnv('BUNDLESEAL_PRIVATE_KEY', undefined);
  vi.stubEnv('BUNDLESEAL_KEY_PASSPHRASE', undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a build of Vite', () => {
  it('is sealed into a file beside its folder, including public/', async () => {
    const metadata = { appId: 'com.example.app', version: '1.2.3' };
    const sealed: SealedBuild[] = [];
    const log = await viteBuild({
      privateKey,
      metadata,
      onSealed: (each) => void sealed.push(each),
    });
    const zip = await decryptBundle(readFileSync(at('dist.sealed')), {
      publicKey,
      expect: metadata,
    });
    const files = await unzipBundle(zip);
    const names = readdirSync(at('dist'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) => join(parentPath, name).slice(at('dist/').length));
    expect(names.length).toBeGreaterThan(2);
    expect([...files.keys()].sort()).toEqual(names.sort());
    for (const [path, bytes] of files) {
      expect(Buffer.compare(bytes, readFileSync(at(`dist/${path}`))), path).toBe(0);
    }
    expect(sealed).toMatchObject([
      { dir: at('dist'), output: at('dist.sealed'), entries: names.length },
    ]);
    expect(log).toContain(`checksum ${sealed[0]?.checksum}`);
    expect(log).toMatch(/sealed dist into dist\.sealed: 3 files,/);
  });

  it('is logged as one file if only one is sealed', async () => {
    const log = await viteBuild({ privateKey, ignore: ['assets/', 'robots.txt'] });
    expect(log).toMatch(/sealed dist into dist\.sealed: 1 file,/);
  });

  it('is written to `output` without the files in `ignore`', async () => {
    await viteBuild(
      { privateKey, output: 'www/app.sealed', ignore: ['/app.sealed', 'robots.txt'] },
      { build: { outDir: 'www' } },
    );
    expect(await opened('www/app.sealed')).toEqual([
      expect.stringMatching(/^assets\/index-.+\.js$/),
      'index.html',
    ]);
    expect(existsSync(at('www.sealed'))).toBe(false);
  });

  it('is sealed with files that other plugins write as they close', async () => {
    const late: Plugin = {
      name: 'late',
      enforce: 'post',
      async closeBundle() {
        await new Promise((resolve) => setTimeout(resolve, 20));
        write('dist/sw.js', '// made last');
      },
    };
    await viteBuild({ privateKey }, {}, [late]);
    expect(await opened('dist.sealed')).toContain('sw.js');
  });

  it.each<[string, Plugin]>([
    ['in buildEnd', { name: 'bad', transform: () => Promise.reject(new Error('no build')) }],
    [
      'while it is generated',
      { name: 'bad', renderChunk: () => Promise.reject(new Error('no build')) },
    ],
    [
      'while it is written',
      { name: 'bad', writeBundle: () => Promise.reject(new Error('no build')) },
    ],
  ])('that fails %s leaves the sealed file as it was', async (_, bad) => {
    write('dist.sealed', 'the previous one');
    await expect(viteBuild({ privateKey }, {}, [bad])).rejects.toThrow('no build');
    expect(readFileSync(at('dist.sealed'), 'utf8')).toBe('the previous one');
  });

  it('fails if its output cannot be sealed, and keeps the previous file', async () => {
    write('dist.sealed', 'the previous one');
    write('public/key.pem', keyA.pkcs8);
    await expect(viteBuild({ privateKey })).rejects.toThrow(/key\.pem.* holds a private key/s);
    expect(readFileSync(at('dist.sealed'), 'utf8')).toBe('the previous one');
  });

  it('fails if the sealed file would lie in the folder', async () => {
    await expect(viteBuild({ privateKey, output: 'dist/app.sealed' })).rejects.toThrow(
      'lies in the folder that is its input',
    );
    expect(existsSync(at('dist/app.sealed'))).toBe(false);
  });

  it('fails if onSealed does', async () => {
    const onSealed = () => Promise.reject(new Error('no upload'));
    await expect(viteBuild({ privateKey, onSealed })).rejects.toThrow('no upload');
  });

  it('for a server is not sealed, and needs no key', async () => {
    await viteBuild({}, { build: { ssr: 'main.js' } });
    expect(readdirSync(at('dist'))).toContainEqual(expect.stringMatching(/^main\.m?js$/));
    expect(existsSync(at('dist.sealed'))).toBe(false);
  });

  it('in watch mode is not sealed, and needs no key', async () => {
    const settings = { root: folder, configFile: false, logLevel: 'silent' } as const;
    const watcher = await build({ ...settings, plugins: [bundleseal()], build: { watch: {} } });
    if (!('on' in watcher)) throw new Error('no watcher');
    await new Promise<void>((resolve, reject) => {
      watcher.on('event', async (event) => {
        if (event.code === 'ERROR') reject(event.error);
        if (event.code === 'BUNDLE_END') await event.result.close();
        if (event.code === 'END') resolve();
      });
    });
    await watcher.close();
    expect(existsSync(at('dist/index.html'))).toBe(true);
    expect(existsSync(at('dist.sealed'))).toBe(false);
  });

  it('that is not written is not sealed', async () => {
    await viteBuild({ privateKey }, { build: { write: false } });
    expect(existsSync(at('dist.sealed'))).toBe(false);
  });
});

describe('the stamp of a build', () => {
  const stampOf = () => readStamp(readFileSync(at('dist/bundleseal-release.json')));

  it('is written with every file, also those that other plugins write as they close', async () => {
    const late: Plugin = {
      name: 'late',
      enforce: 'post',
      closeBundle: () => write('dist/sw.js', '// made last'),
    };
    const log = await viteBuild({ privateKey, stamp: true }, {}, [late]);
    const { id, files = [], runtime } = stampOf();
    expect(runtime).toBeUndefined();
    expect(files.map(({ path }) => path)).toEqual([
      expect.stringMatching(/^assets\/index-.+\.js$/),
      'index.html',
      'robots.txt',
      'sw.js',
    ]);
    expect(id).toBe((await directoryId(at('dist'), {})).id);
    expect(log).toContain(`stamped dist: release ${id}`);
  });

  it('is the one that release stamp writes', async () => {
    const floors = [
      {
        ...{ channel: 'production', epoch: 0, sequence: 7, sha256: 'a'.repeat(64) },
        issuedAt: '2026-11-26T08:55:00Z',
      },
    ];
    await viteBuild({ privateKey, stamp: { runtime: '3', floors }, ignore: ['robots.txt'] });
    const { createdAt, ...stamp } = stampOf();
    const { createdAt: _, ...expected } = await stampRelease(at('dist'), {
      ...{ runtime: '3', floors, ignore: ['robots.txt'] },
    });
    expect(stamp).toEqual(expected);
    expect(stamp.files?.map(({ path }) => path)).not.toContain('robots.txt');
    expect(createdAt).toMatch(/Z$/);
  });

  it('is not in the sealed file, not even that of the build before', async () => {
    for (let n = 0; n < 2; n++) {
      await viteBuild({ privateKey, stamp: true }, { build: { emptyOutDir: false } });
      expect(await opened('dist.sealed')).not.toContain('bundleseal-release.json');
    }
    await viteBuild({ privateKey, stamp: true, ignore: (path) => path === 'robots.txt' });
    expect(await opened('dist.sealed')).toEqual([expect.stringMatching(/^assets\//), 'index.html']);
  });

  it('is written without a key and without a sealed file by `seal: false`', async () => {
    await viteBuild({ stamp: true, seal: false });
    expect(stampOf().files).toHaveLength(3);
    expect(existsSync(at('dist.sealed'))).toBe(false);
  });

  it('is not written by default, in a build that fails, or for a server', async () => {
    await viteBuild({ privateKey });
    const bad: Plugin = { name: 'bad', renderChunk: () => Promise.reject(new Error('no build')) };
    await expect(viteBuild({ stamp: true, seal: false }, {}, [bad])).rejects.toThrow('no build');
    await viteBuild({ stamp: true, seal: false }, { build: { ssr: 'main.js' } });
    expect(existsSync(at('dist/bundleseal-release.json'))).toBe(false);
  });

  it('fails the build if another file has its name', async () => {
    write('public/bundleseal-release.json', '{}');
    await expect(viteBuild({ stamp: true, seal: false })).rejects.toThrow('is not a stamp');
  });
});

describe('the private key', () => {
  it('is taken from the variable before the file, and repaired', async () => {
    write('.bundleseal_key', keyA.pkcs8);
    vi.stubEnv('BUNDLESEAL_PRIVATE_KEY', privateKey.replaceAll('\n', '\\n'));
    await viteBuild({});
    expect(await opened('dist.sealed')).toContain('index.html');
  });

  it('is taken from the file in the root', async () => {
    write('.bundleseal_key', privateKey);
    await viteBuild({ privateKey: undefined });
    expect(await opened('dist.sealed')).toContain('index.html');
  });

  it('is decrypted with the passphrase of the variable', async () => {
    const { encryptPrivateKey } = await import('../../../src/keys/passphrase.ts');
    const der = Buffer.from(privateKey.replace(/-----.*?-----|\s/g, ''), 'base64');
    write('.bundleseal_key', await encryptPrivateKey(der, 'correct horse'));
    await expect(viteBuild({})).rejects.toThrow(/set BUNDLESEAL_KEY_PASSPHRASE/);
    vi.stubEnv('BUNDLESEAL_KEY_PASSPHRASE', 'correct horse');
    await viteBuild({});
    expect(await opened('dist.sealed')).toContain('index.html');
  });

  it.each([
    [
      'missing',
      undefined,
      /no private key .*BUNDLESEAL_PRIVATE_KEY.*\.bundleseal_key does not exist/,
    ],
    ['empty', '', /BUNDLESEAL_PRIVATE_KEY: it is set and empty/],
    ['a public key', publicKey, /BUNDLESEAL_PRIVATE_KEY: .*public key/],
  ])('that is %s fails the build before it begins', async (_, text, message) => {
    vi.stubEnv('BUNDLESEAL_PRIVATE_KEY', text);
    const sealing = viteBuild({});
    await expect(sealing).rejects.toThrow(message);
    expect(existsSync(at('dist'))).toBe(false);
  });

  it('is in no file of the build and in no line of the log', async () => {
    vi.stubEnv('BUNDLESEAL_PRIVATE_KEY', privateKey);
    const log = await viteBuild({});
    const secret = privateKey.split('\n')[3] as string;
    expect(secret).toHaveLength(64);
    expect(log).not.toContain(secret);
    expect(readFileSync(at('dist.sealed'), 'latin1')).not.toContain(secret);
  });
});

it.each([
  [{ outputs: 'a' }, /^bundleseal does not know the option "outputs"/],
  [{ detached: true }, /^bundleseal does not know the option "detached"/],
  [{ output: '' }, /^options\.output expected a path, got an empty string/],
  [{ dir: 3 }, /^options\.dir expected a path, got a number/],
  [{ onSealed: 'x' }, /^options\.onSealed expected a function/],
  [{ stamp: 'x' }, /^options\.stamp expected an options object, got a string/],
  [{ stamp: { runtimes: '3' } }, /^options\.stamp does not know the option "runtimes"/],
  [{ seal: 'no' }, /^options\.seal expected a boolean, got a string/],
  [{ seal: false }, /^options\.seal expected true without options\.stamp/],
])('a wrong option throws at once: %j', (wrong, message) => {
  expect(() => bundleseal(wrong as never)).toThrow(message);
  expect(() => bundleseal(wrong as never)).toThrow(TypeError);
});

describe("Vite's server", () => {
  const SECRETS = [
    '.bundleseal_key',
    '.bundleseal_key.old',
    '.bundleseal_key.old.2',
    '.bundleseal_recovery_key',
    'keys/.bundleseal_key',
    '.capgo_key_v2',
    '.bundleseal_key.0123_4567.bundleseal-tmp',
    '.env',
    'own.secret',
  ];
  const secret = privateKey.split('\n')[3] as string;

  /** What the server answers, by path. */
  async function served(paths: readonly string[], more: UserConfig): Promise<Map<string, string>> {
    const server = await createServer({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      optimizeDeps: { noDiscovery: true },
      server: { port: 0, host: '127.0.0.1', ...more.server },
      plugins: [bundleseal()],
    });
    try {
      await server.listen();
      const [address = ''] = server.resolvedUrls?.local ?? [];
      const answers = new Map<string, string>();
      for (const path of paths) answers.set(path, await (await fetch(address + path)).text());
      return answers;
    } finally {
      await server.close();
    }
  }

  it.each<[string, UserConfig, readonly string[]]>([
    ['by default', {}, SECRETS.slice(0, -1)],
    ['beside a list of the config', { server: { fs: { deny: ['own.*'] } } }, SECRETS],
  ])('gives out no private key, in any way, %s', async (_, more, secrets) => {
    for (const name of SECRETS) write(name, privateKey);
    const paths = secrets
      .filter((name) => name !== '.env' || more.server === undefined)
      .flatMap((name) => [
        name,
        `${name}?raw`,
        `${name}?import&raw`,
        `${name}?url&inline`,
        `@fs${at(name)}`,
        `@fs${at(name)}?raw`,
        name.replaceAll('e', '%65').toUpperCase().replaceAll('%65', '%65'),
      ]);
    for (const [path, answer] of await served(paths, more)) {
      expect(answer, path).not.toContain(secret);
      expect(answer, path).not.toContain(Buffer.from(secret).toString('base64').slice(4, 60));
    }
  });

  it('gives out public keys and needs no private one', async () => {
    write('.bundleseal_key.pub', publicKey);
    const [answer] = (await served(['.bundleseal_key.pub?raw'], {})).values();
    expect(answer).toContain(publicKey.split('\n')[3]);
    expect(existsSync(at('dist.sealed'))).toBe(false);
  });

  it("denies the files that Vite's own list denies", async () => {
    const listOf = async (plugins: Plugin[]) =>
      (await resolveConfig({ root: folder, configFile: false, plugins }, 'serve')).server.fs.deny;
    expect(await listOf([bundleseal()])).toEqual(expect.arrayContaining(await listOf([])));
  });
});
