// Archives to and from the zip tools that people have.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync, Zip, ZipDeflate, ZipPassThrough, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openZip, type ZipLimits, zipBundle } from '../../src/zip.ts';
import { bytesOf } from '../support/bytes.ts';
import { rejection } from '../support/errors.ts';
import { QUICK } from '../support/java.ts';
import { READERS } from '../support/readers.ts';
import { firstOf } from '../support/scope.ts';
import { join as joinBytes, same, utf8, viaBundle, viaRanges, viaStream } from '../support/zip.ts';

interface Tool {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly install: string;
}

const TOOLS = {
  zip: { name: 'zip', command: ['zip', '-v'], install: 'zip' },
  unzip: { name: 'unzip', command: ['unzip', '-v'], install: 'unzip' },
  sevenZip: { name: '7z', command: ['7z', 'i'], install: 'p7zip-full' },
  bsdtar: { name: 'bsdtar', command: ['bsdtar', '--version'], install: 'libarchive-tools' },
  python: { name: 'python3', command: ['python3', '--version'], install: 'python3' },
  java: { name: 'java', command: ['jar', '--version'], install: 'default-jdk-headless' },
} as const satisfies Record<string, Tool>;

/** In CI a missing tool is a failure, not a shorter run; but for a JDK, which is large. */
function isSkipped(tool: Tool): boolean {
  const [command, ...args] = tool.command;
  if (spawnSync(command, args).status === 0) return false;
  const isRequired = process.env['CI'] !== undefined && tool.name !== 'java';
  if (!isRequired) {
    console.warn(
      `${tool.name}: skipped, it is not installed. Debian: apt-get install ${tool.install}.`,
    );
  }
  return !isRequired;
}

const skipped = Object.fromEntries(
  Object.entries(TOOLS).map(([key, tool]) => [key, isSkipped(tool)]),
) as Record<keyof typeof TOOLS, boolean>;

const files = new Map<string, Uint8Array>([
  ['assets/app.js', utf8('const answer = 42;\n'.repeat(2000))],
  ['assets/deep/er/logo.bin', bytesOf(5000)],
  ['empty', new Uint8Array(0)],
  ['index.html', utf8('<h1>Hi</h1>')],
  ['zoë/ä 😀.txt', utf8('é')],
]);
const large = joinBytes(bytesOf(200_000), new Uint8Array(9 * 2 ** 20));

let folder = '';
let site = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-zip-'));
  site = join(folder, 'site');
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(site, path)), { recursive: true });
    writeFileSync(join(site, path), bytes);
  }
  mkdirSync(join(site, 'nothing'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd = folder): Buffer {
  const stdio: ['pipe', 'pipe', 'pipe'] = ['pipe', 'pipe', 'pipe'];
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  return execFileSync(command, args, { cwd, stdio, env, maxBuffer: 2 ** 28 });
}

/** The files under a folder, by path. */
function filesIn(root: string): Map<string, Uint8Array> {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const found = paths.filter((path) => statSync(join(root, path)).isFile()).sort();
  return new Map(found.map((path) => [path, new Uint8Array(readFileSync(join(root, path)))]));
}

function expectFiles(
  found: ReadonlyMap<string, Uint8Array>,
  expected: ReadonlyMap<string, Uint8Array>,
): void {
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [path, bytes] of expected) expect(same(found.get(path), bytes), path).toBe(true);
}

describe('a zip that the library writes', () => {
  const written = new Map([...files, ['large.bin', large]]);
  let zip = '';

  beforeAll(async () => {
    zip = join(folder, 'ours.zip');
    writeFileSync(zip, await zipBundle(written, { level: 1 }));
  });

  it.skipIf(skipped.unzip)('is accepted and unpacked by unzip', () => {
    expect(run('unzip', ['-t', zip]).toString()).toMatch(/No errors detected/);
    run('unzip', ['-q', zip, '-d', 'by-unzip']);
    expectFiles(filesIn(join(folder, 'by-unzip')), written);
    expect(statSync(join(folder, 'by-unzip/index.html')).mode & 0o777).toBe(0o644);
  });

  it.skipIf(skipped.zip)('is accepted by zip', () => {
    expect(run('zip', ['-T', zip]).toString()).toMatch(/OK/);
  });

  it.skipIf(skipped.sevenZip)('is unpacked by 7z', () => {
    run('7z', ['x', zip, '-oby-7z']);
    expectFiles(filesIn(join(folder, 'by-7z')), written);
  });

  it.skipIf(skipped.bsdtar)('is unpacked by bsdtar, from a file and from a pipe', () => {
    for (const [name, args] of [
      ['file', ['-xf', zip]],
      ['pipe', ['-xf', '-']],
    ] as const) {
      const into = join(folder, `by-bsdtar-${name}`);
      mkdirSync(into);
      // `cat` may be ended by bsdtar, which reads a pipe no further than the archive's directory.
      execFileSync('sh', ['-c', 'cat "$0" | bsdtar "$@"', zip, ...args], {
        cwd: into,
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      });
      expectFiles(filesIn(into), written);
    }
  });

  it.skipIf(skipped.python)('is read by Python, which shows dates of 1980', () => {
    const script = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    assert all(i.date_time == (1980, 1, 1, 0, 0, 0) and not i.extra for i in z.infolist())
    z.extractall(sys.argv[2])`;
    run('python3', ['-c', script, zip, 'by-python']);
    expectFiles(filesIn(join(folder, 'by-python')), written);
  });

  it.skipIf(skipped.java)('is read by Java, as a file and as the stream that Android reads', () => {
    mkdirSync(join(folder, 'by-jar'));
    run('jar', ['xf', zip], join(folder, 'by-jar'));
    expectFiles(filesIn(join(folder, 'by-jar')), written);
    writeFileSync(
      join(folder, 'Read.java'),
      `import java.io.*; import java.nio.file.*; import java.util.zip.*;
      class Read { public static void main(String[] a) throws IOException {
        try (var in = new ZipInputStream(new FileInputStream(a[0]))) {
          for (ZipEntry e; (e = in.getNextEntry()) != null; ) {
            Path to = Path.of(a[1]).resolve(e.getName());
            Files.createDirectories(to.getParent());
            Files.copy(in, to);
          }
        }
      } }`,
    );
    run('java', [
      ...QUICK,
      '-Dfile.encoding=UTF-8',
      '-Dsun.jnu.encoding=UTF-8',
      'Read.java',
      zip,
      'by-stream',
    ]);
    expectFiles(filesIn(join(folder, 'by-stream')), written);
  });

  it('is read by fflate', () => {
    expectFiles(new Map(Object.entries(unzipSync(readFileSync(zip)))), written);
  });

  it.skipIf(skipped.python || skipped.unzip)('with 66,000 files is read as Zip64', async () => {
    const many = Array.from({ length: 66_000 }, (_, i) => [`${i}`, new Uint8Array(0)] as const);
    const path = join(folder, 'many.zip');
    writeFileSync(path, await zipBundle(many, { maxEntries: 66_000 }));
    const count = 'import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))';
    expect(run('python3', ['-c', count, path]).toString().trim()).toBe('66000');
    expect(run('unzip', ['-tq', path]).toString()).toMatch(/No errors/);
  });
});

/** The names and lengths of the files in an archive. */
async function listed(zip: Uint8Array, limits: ZipLimits): Promise<Map<string, number>> {
  const { entries } = await openZip(zip, limits);
  return new Map([...entries()].map(({ path, size }) => [path, size]));
}

/** Archives of other programs: all three readers read them, or only the two that use the directory. */
async function expectRead(zip: Uint8Array, forward = true): Promise<void> {
  for (const [reader, read] of READERS) {
    if (reader === 'unzipStream' && !forward) {
      const error = await rejection(read(zip), 'ERR_ARCHIVE_INVALID');
      expect(error.message).toMatch(/can not be read forward/);
    } else {
      expectFiles(await read(zip), files);
    }
  }
}

describe('a zip that another tool writes', () => {
  it.skipIf(skipped.zip)('is read: zip, to a file, to a pipe, as Zip64, updated', async () => {
    run('zip', ['-qr', '../by-zip.zip', '.'], site);
    await expectRead(readFileSync(join(folder, 'by-zip.zip')));
    await expectRead(run('zip', ['-qr', '-', '.'], site));
    run('zip', ['-qr0', '../by-zip-0.zip', '.'], site);
    await expectRead(readFileSync(join(folder, 'by-zip-0.zip')));
    run('zip', ['-qr', '-fz', '../by-zip-64.zip', '.'], site);
    await expectRead(readFileSync(join(folder, 'by-zip-64.zip')));
    run('zip', ['-qr', '-fd', '../by-zip-fd.zip', '.'], site);
    await expectRead(readFileSync(join(folder, 'by-zip-fd.zip')));
    run('zip', ['-q', '../by-zip.zip', 'index.html'], site);
    await expectRead(readFileSync(join(folder, 'by-zip.zip')));
  });

  it.skipIf(skipped.zip)(
    'is refused: zip with links, with a password, in parts, self-extracting',
    async () => {
      const linked = join(folder, 'linked');
      mkdirSync(linked);
      symlinkSync('/etc/passwd', join(linked, 'link'));
      run('zip', ['-qry', '../linked.zip', '.'], linked);
      const inputs: [string, RegExp][] = [['linked.zip', /symbolic link/]];
      run('zip', ['-qr', '-P', 'secret', '../locked.zip', '.'], site);
      inputs.push(['locked.zip', /encrypted/]);
      writeFileSync(
        join(folder, 'sfx'),
        joinBytes(utf8('#!/bin/sh\n'), run('zip', ['-qr', '-', '.'], site)),
      );
      inputs.push(['sfx', /in front/]);
      for (const [name, message] of inputs) {
        const zip = readFileSync(join(folder, name));
        for (const [, read] of READERS) {
          expect((await rejection(read(zip), 'ERR_ARCHIVE_INVALID')).message).toMatch(message);
        }
      }
    },
  );

  it.skipIf(skipped.sevenZip)('is read: 7z, to a file, to a pipe, stored', async () => {
    run('7z', ['a', '-tzip', '../by-7z.zip', '.'], site);
    await expectRead(readFileSync(join(folder, 'by-7z.zip')));
    await expectRead(run('7z', ['a', '-tzip', '-so', 'pipe', '.'], site));
    run('7z', ['a', '-tzip', '-mx=0', '../by-7z-0.zip', '.'], site);
    await expectRead(readFileSync(join(folder, 'by-7z-0.zip')));
    run('7z', ['a', '-tzip', '-mm=lzma', '../by-7z-lzma.zip', '.'], site);
    const lzma = readFileSync(join(folder, 'by-7z-lzma.zip'));
    const error = await rejection(viaBundle(lzma), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(/method 14/);
  });

  it.skipIf(skipped.bsdtar)('is read: bsdtar', async () => {
    const names = readdirSync(site);
    run('bsdtar', ['--format=zip', '-cf', '../by-bsdtar.zip', ...names], site);
    await expectRead(readFileSync(join(folder, 'by-bsdtar.zip')));
    run(
      'bsdtar',
      ['--format=zip', '--options=zip:compression=store', '-cf', '../by-bsdtar-0.zip', ...names],
      site,
    );
    await expectRead(readFileSync(join(folder, 'by-bsdtar-0.zip')));
    run(
      'bsdtar',
      ['--format=zip', '--options=zip:zip64', '-cf', '../by-bsdtar-64.zip', ...names],
      site,
    );
    await expectRead(readFileSync(join(folder, 'by-bsdtar-64.zip')));
  });

  it.skipIf(skipped.python)(
    'is read: Python, stored or deflated, seekable or not, with Zip64 or not',
    async () => {
      const script = `
import os, sys, zipfile
class Pipe:
    def __init__(self, file): self.file = file
    def write(self, data): return self.file.write(data)
    def flush(self): pass
root = sys.argv[1]
for kind in sys.argv[2:]:
    method, piped, zip64 = kind.split('-')
    with open('by-python-' + kind + '.zip', 'wb') as file:
        with zipfile.ZipFile(Pipe(file) if piped == '1' else file, 'w', int(method)) as z:
            for folder, _, names in os.walk(root):
                if folder != root: z.write(folder, os.path.relpath(folder, root))
                for name in names:
                    path = os.path.join(folder, name)
                    info = zipfile.ZipInfo.from_file(path, os.path.relpath(path, root))
                    info.compress_type = int(method)
                    with open(path, 'rb') as i, z.open(info, 'w', force_zip64=zip64 == '1') as o:
                        o.write(i.read())`;
      const kinds = ['0', '8'].flatMap((method) =>
        ['0', '1'].flatMap((piped) => ['0', '1'].map((zip64) => `${method}-${piped}-${zip64}`)),
      );
      run('python3', ['-c', script, site, ...kinds]);
      for (const kind of kinds) {
        const zip = readFileSync(join(folder, `by-python-${kind}.zip`));
        await expectRead(zip, !kind.startsWith('0-1'));
      }
    },
  );

  it.skipIf(skipped.python)('is read: Python, with 66,000 files', async () => {
    const script = `
import zipfile
with zipfile.ZipFile('many-python.zip', 'w') as z:
    for i in range(66000): z.writestr(zipfile.ZipInfo(str(i)), b'')`;
    run('python3', ['-c', script]);
    const zip = readFileSync(join(folder, 'many-python.zip'));
    const expected = Array.from({ length: 66_000 }, (_, i) => String(i));
    // `npm test` lists the files, because it takes seconds to read each of them.
    for (const read of firstOf([listed, viaStream])) {
      expect([...(await read(zip, { maxEntries: 66_000 })).keys()]).toEqual(expected);
    }
  });

  it.skipIf(skipped.java)('is read: jar, stored or deflated', async () => {
    run('jar', ['cMf', '../by-jar.zip', '.'], site);
    await expectRead(readFileSync(join(folder, 'by-jar.zip')));
    run('jar', ['c0Mf', '../by-jar-0.zip', '.'], site);
    await expectRead(readFileSync(join(folder, 'by-jar-0.zip')));
  });

  it('is read: fflate, at once and as a stream', async () => {
    await expectRead(zipSync(Object.fromEntries(files)));
    const parts: Uint8Array[] = [];
    const zip = new Zip((_error, data) => parts.push(data));
    let stored = false;
    for (const [path, bytes] of files) {
      stored = !stored && bytes.length === 0;
      const entry = stored ? new ZipPassThrough(path) : new ZipDeflate(path);
      zip.add(entry);
      entry.push(bytes, true);
    }
    zip.end();
    const streamed = joinBytes(...parts);
    expectFiles(await viaBundle(streamed), files);
    expectFiles(await viaStream(streamed), files);
    expectFiles(await viaRanges(streamed), files);
  });
});
