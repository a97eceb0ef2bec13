// Where the command line reads from and writes to, beside ordinary files: standard streams, pipes, devices, a temporary
// folder that is not there, and signals in between.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { type Project, runIn, useCli, withProject } from '../../support/cli.ts';
import { everyNth } from '../../support/scope.ts';
import { keyB } from '../../support/vectors.ts';

useCli();

const isPosix = process.platform !== 'win32';
const has = (program: string) => spawnSync('which', [program]).status === 0;
const PLAIN = 'the bytes of a bundle';
const TRACE = /\n\s+at |node:internal|ERR_UNEXPECTED/;

let files: Readonly<Record<string, string | Uint8Array>> = {};

beforeAll(async () => {
  const { pkcs8: privateKey, spki: publicKey } = keyB;
  const sealed = await encryptBundle(new TextEncoder().encode(PLAIN), { privateKey });
  files = { k: privateKey, 'k.pub': publicKey, s: sealed.bytes, file: 'no folder' };
});

/** A project with a key pair and a sealed bundle, whose temporary folder is `tmp`. */
async function withSealed(work: (project: Project) => Promise<void>): Promise<void> {
  await withProject(async (project) => {
    await mkdir(project.path('tmp'));
    for (const [name, content] of Object.entries(files)) await project.write(name, content);
    await work(project);
  });
}

/** Runs a line in a shell that has the command line as `$BS`. */
function shell({ folder, cli, path }: Project, line: string) {
  const env = { BS: `${process.execPath} ${cli}`, TMPDIR: path('tmp') };
  return runIn(folder, 'bash', ['-c', line], { env });
}

const left = ({ path }: Project) => readdirSync(path('tmp'));

describe.runIf(isPosix && has('bash'))('pipes and standard streams', () => {
  it.each([
    ['process substitution', '$BS bundle verify <(cat s) --key <(cat k.pub)'],
    ['a named pipe', 'mkfifo p; cat s > p & $BS bundle verify p --key k.pub'],
    ['/dev/stdin', '$BS bundle verify /dev/stdin --key k.pub < s'],
    ['a seal through a pipe', '$BS bundle inspect s --key <(cat k.pub)'],
    ['a key on standard input', '$BS key show - < k.pub'],
  ])('reads from %s', async (_, line) => {
    await withSealed(async (project) => {
      const { code, stderr } = await shell(project, line);
      expect(code, stderr).toBe(0);
      expect(left(project)).toEqual([]);
    });
  });

  it.each([
    ['standard output', '$BS bundle decrypt s --key k.pub --out - > got'],
    ['a pipe', '$BS bundle decrypt s --key k.pub --out - | cat > got'],
    ['/dev/stdout', '$BS bundle decrypt s --key k.pub --out /dev/stdout | cat > got'],
    ['a named pipe', 'mkfifo p; cat p > got & $BS bundle decrypt s --key k.pub --out p; wait'],
  ])('writes to %s', async (_, line) => {
    await withSealed(async (project) => {
      const { code, stderr } = await shell(project, line);
      expect(code, stderr).toBe(0);
      expect(readFileSync(project.path('got'), 'utf8')).toBe(PLAIN);
      expect(left(project)).toEqual([]);
    });
  });

  it('discards the output for /dev/null without replacing the device', async () => {
    await withSealed(async (project) => {
      const { code } = await shell(project, '$BS bundle decrypt s --key k.pub --out /dev/null');
      expect(code).toBe(0);
      expect((await shell(project, 'test -c /dev/null')).code).toBe(0);
    });
  });

  it.each([
    ['a pipe that nobody writes to', 'mkfifo p; $BS bundle inspect p'],
    ['a pipe that nobody reads from', 'mkfifo p; $BS bundle decrypt s --key k.pub --out p'],
    ['a key in a pipe that nobody writes to', 'mkfifo p; $BS key show p'],
    ['a pipe that is to be resealed', 'mkfifo p; $BS bundle reseal p --from k.pub --key k'],
    ['a substitution that fails', '$BS key show <(exit 1)'],
    ['an endless device', '$BS bundle inspect /dev/zero'],
    ['an endless key', '$BS key show - < /dev/zero'],
    ['an endless seal', '$BS bundle verify s --key k.pub --seal /dev/zero'],
    ['a folder as standard input', '$BS bundle inspect - < tmp'],
    [
      'a reader that goes away',
      // It tells when it has gone.
      'mkfifo p; { read < p; $BS bundle decrypt s --key k.pub --out -; } | { exec <&-; echo > p; }; exit $PIPESTATUS',
    ],
  ])('refuses %s as ERR_FILE', async (_, line) => {
    await withSealed(async (project) => {
      const { code, stderr } = await shell(project, line);
      expect(code, stderr).toBe(1);
      expect(stderr).toContain('  ERR_FILE\n');
      expect(stderr).not.toMatch(TRACE);
      expect(left(project)).toEqual([]);
    });
  });

  it('treats a closed standard input as empty', async () => {
    await withSealed(async (project) => {
      const { code, stderr } = await shell(project, '$BS key show - <&-');
      expect(code).toBe(1);
      expect(stderr).toContain('ERR_KEY_INVALID');
    });
  });

  it('refuses standard input for two things at once', async () => {
    await withSealed(async (project) => {
      const line = '$BS bundle encrypt - --key - --out x < k';
      const { code, stderr } = await shell(project, line);
      expect(code).toBe(2);
      expect(stderr).toContain('standard input is named twice');
    });
  });

  it.each([
    '$BS bundle inspect s --json | true; exit $PIPESTATUS',
    '$BS --help | true; exit $PIPESTATUS',
    '$BS bundle inspect s 2>&1 | true; exit $PIPESTATUS',
    '$BS bundle inspect s --json >&-',
    '$BS bundle inspect s 2>&-',
  ])('ends normally if its output is not read: %s', async (line) => {
    await withSealed(async (project) => {
      const { code, stderr } = await shell(project, line);
      expect(code, stderr).toBe(0);
      expect(stderr).not.toMatch(TRACE);
    });
  });

  it.runIf(existsSync('/dev/full'))('says where standard output has no room', async () => {
    await withSealed(async (project) => {
      for (const line of [
        '$BS bundle inspect s --json > /dev/full',
        '$BS bundle decrypt s --key k.pub --out - > /dev/full',
        '$BS --help > /dev/full',
      ]) {
        const { code, stderr } = await shell(project, line);
        expect(code, line).toBe(1);
        expect(stderr).toContain('the disk is full');
        expect(stderr).toContain('  ERR_FILE\n');
      }
    });
  });

  it.runIf(has('script'))('writes no bytes to a terminal, and says what it waits for', async () => {
    await withSealed(async (project) => {
      const { cli } = project;
      const onTerminal = (args: string) =>
        runIn(
          project.folder,
          'script',
          ['-qec', `${process.execPath} ${cli} ${args}`, '/dev/null'],
          { stdin: '\u0004' },
        );
      const written = await onTerminal('bundle decrypt s --key k.pub --out -');
      expect(written.code).toBe(2);
      expect(written.stdout).toContain('is a terminal');
      expect(written.stdout).not.toContain(PLAIN);
      const waiting = await onTerminal('key show -');
      expect(waiting.stdout).toContain('reading a key from this terminal');
    });
  });
});

describe('the folder for temporary files', () => {
  it.each(['missing', 'file'])('is named if it cannot be used: %s', async (name) => {
    await withSealed(async ({ path, run, write }) => {
      await write('site/index.html', 'notifyAppReady');
      const env = { TMPDIR: path(name), TMP: path(name), TEMP: path(name) };
      for (const [args, options] of [
        [['bundle', 'decrypt', 's', '--key', 'k.pub', '--out', '-'], {}],
        [['bundle', 'verify', '-', '--key', 'k.pub'], { stdin: readFileSync(path('s')) }],
        [['bundle', 'encrypt', 'site', '--key', 'k', '--out', 'new'], {}],
      ] as const) {
        const { code, stderr } = await run(args, { env, ...options });
        expect(code).toBe(1);
        expect(stderr).toContain(JSON.stringify(path(name)));
        expect(stderr).toContain('TMPDIR names the folder for temporary files');
        expect(stderr).toContain('  ERR_FILE\n');
      }
    });
  });

  it.runIf(isPosix)('contains no plain bytes while a slow reader receives them', async () => {
    await withSealed(async (project) => {
      const { path, cli, folder } = project;
      const privateKey = readFileSync(path('k'), 'utf8');
      // More than a pipe takes unread.
      const { bytes } = await encryptBundle(new Uint8Array(4_000_000), { privateKey });
      await project.write('large', bytes);
      const args = [cli, 'bundle', 'decrypt', 'large', '--key', 'k.pub', '--out', '-'];
      const child = spawn(process.execPath, args, {
        cwd: folder,
        env: { ...process.env, TMPDIR: path('tmp') },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        await once(child.stdout, 'readable');
        expect(child.stdout.read()).not.toBeNull();
        // The file has no name, so nothing remains of it whenever the process is killed.
        expect(left(project)).toEqual([]);
      } finally {
        child.kill('SIGKILL');
      }
      await once(child, 'close');
      expect(left(project)).toEqual([]);
    });
  });

  it.runIf(isPosix)('is cleared only of files of a killed command', async () => {
    await withSealed(async (project) => {
      const { path, cli, folder } = project;
      const env = { ...process.env, TMPDIR: path('tmp') };
      const child = spawn(process.execPath, [cli, 'bundle', 'verify', '-', '--key', 'k.pub'], {
        cwd: folder,
        env,
      });
      await until(() => left(project).length === 1);
      child.kill('SIGKILL');
      await once(child, 'close');
      const [abandoned = ''] = left(project);
      await mkdir(path('tmp/other'));
      await mkdir(path('mine'));
      await project.write('mine/file', 'mine');
      // Another user's trick: a link by such a name.
      await symlink(path('mine'), path('tmp', abandoned.replace(/[0-9a-f]{12}/, '0'.repeat(12))));
      const { code } = await shell(project, '$BS bundle verify - --key k.pub < s');
      expect(code).toBe(0);
      expect(left(project)).toContain('other');
      expect(left(project)).not.toContain(abandoned);
      expect(readFileSync(path('mine/file'), 'utf8')).toBe('mine');
    });
  });
});

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;
const WAITING = [
  'bundle verify - --key k.pub',
  'bundle verify p --key k.pub',
  'key show -',
  'key show p',
];
const STOPPED = SIGNALS.flatMap(([name, code]) =>
  WAITING.map((command) => [name, command, code] as const),
);

describe.runIf(isPosix)('a signal', () => {
  // Each signal and each command. The long run has all pairs.
  it.each(everyNth(STOPPED, 3))(
    '%s stops "%s" that waits, with exit code %i and nothing left',
    async (name, command, code) => {
      await withSealed(async (project) => {
        const { path, cli, folder } = project;
        execFileSync('mkfifo', [path('p')]);
        const reader = openSync(path('p'), 'r+');
        expect(reader).toBeGreaterThan(0);
        const child = spawn(process.execPath, [cli, ...command.split(' '), '--json'], {
          cwd: folder,
          env: { ...process.env, TMPDIR: path('tmp') },
        });
        const said = textOf(child);
        await listening(child);
        child.kill(name);
        expect(await once(child, 'close')).toEqual([code, null]);
        expect(JSON.parse(await said)).toMatchObject({ code: 'ERR_INTERRUPTED' });
        expect(left(project)).toEqual([]);
      });
    },
  );
});

describe.runIf(isPosix)('a second signal', () => {
  it('ends the process at once, also where removing temporary files hangs', async () => {
    await withSealed(async (project) => {
      const { path, cli, folder } = project;
      // Removing never ends, as on a network drive that is gone; the file "called" says that it has begun.
      const preload = `
        import files from 'node:fs';
        import { syncBuiltinESMExports } from 'node:module';
        const hang = () => {
          files.writeFileSync('called', '');
          return new Promise(() => setInterval(() => {}, 1000));
        };
        Object.assign(files.promises, { rm: hang, rmdir: hang, unlink: hang });
        syncBuiltinESMExports();`;
      await project.write('hang.mjs', preload);
      const args = ['--import', './hang.mjs', cli, 'bundle', 'verify', '-', '--key', 'k.pub'];
      const child = spawn(process.execPath, args, {
        cwd: folder,
        env: { ...process.env, TMPDIR: path('tmp') },
      });
      try {
        const closed = once(child, 'close');
        await listening(child);
        // Its temporary folder is there, so it waits for the bundle.
        await until(() => left(project).length > 0);
        child.kill('SIGINT');
        await until(() => existsSync(path('called')));
        expect(child.exitCode).toBeNull();
        child.kill('SIGTERM');
        expect(await closed).toEqual([null, 'SIGTERM']);
      } finally {
        child.kill('SIGKILL');
      }
    });
  });
});

describe('a header from a file', () => {
  it('is never larger than the file, and never of more chunks than readers take', async () => {
    await withSealed(async ({ path, run }) => {
      const start = new Uint8Array(readFileSync(path('s')).subarray(0, 56));
      const forge = (exponent: number, size: bigint) => {
        const forged = start.slice();
        forged[10] = exponent;
        new DataView(forged.buffer).setBigUint64(16, size);
        return forged;
      };
      const inspect = async (...more: string[]) => {
        const { stdout } = await run(['bundle', 'inspect', 'forged', '--json', ...more], {
          env: { NODE_OPTIONS: '--max-old-space-size=200' },
        });
        return JSON.parse(stdout);
      };
      // 2^38 chunks in a file of 3 GiB, nearly all of it a hole.
      writeFileSync(path('forged'), forge(12, 2n ** 50n));
      truncateSync(path('forged'), 3 * 2 ** 30);
      expect(await inspect()).toMatchObject({ code: 'ERR_LENGTH_INVALID' });
      expect(await inspect('--key', 'k.pub')).toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' });
      // 2^20 chunks, of which the file has none.
      writeFileSync(path('forged'), forge(12, 2n ** 32n));
      expect(await inspect()).toMatchObject({ code: 'ERR_LENGTH_INVALID' });
      // Text of 3 GiB that begins as a seal does.
      writeFileSync(path('forged'), Buffer.from(start).toString('base64url'));
      truncateSync(path('forged'), 3 * 2 ** 30);
      expect(await inspect()).toMatchObject({ code: 'ERR_FILE' });
    });
  });
});

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Waits until the command handles signals, which is when it reads its input. */
async function listening({ pid }: ChildProcess): Promise<void> {
  await until(() => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const caught = /SigCgt:\s*([0-9a-f]+)/.exec(status)?.[1] ?? '0';
    // Bit 0 is SIGHUP, which the runtime itself does not catch.
    return (BigInt(`0x${caught}`) & 1n) !== 0n;
  });
}

async function textOf({ stdout }: ChildProcess): Promise<string> {
  let text = '';
  for await (const piece of stdout ?? []) text += piece;
  return text;
}
