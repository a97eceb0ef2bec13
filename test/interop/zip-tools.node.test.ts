// Archives as the tools that people build with write them: every reader gives one verdict, and the same files.

import { execSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkArchive } from '../../src/archive/check.ts';
import { unzipFile } from '../../src/node.ts';
import { READERS } from '../support/readers.ts';
import { viaBundle } from '../support/zip.ts';

const ZIPS = join(import.meta.dirname, 'zips');
const NAMES = [
  'assets/app.js',
  'assets/empty.css',
  'assets/größe.txt',
  'assets/img/logo.png',
  'index.html',
];
/** Stored, with sizes behind the data: a stream can't tell them from it. */
const NOT_FORWARD = new Set(['archiver-store-stream.zip']);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-tools-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(readdirSync(ZIPS))('%s', (name) => {
  const zip = new Uint8Array(readFileSync(join(ZIPS, name)));

  it.each(READERS)('is read by %s', async (reader, read) => {
    if (reader === 'unzipStream' && NOT_FORWARD.has(name)) {
      await expect(read(zip)).rejects.toThrow(
        /^"index.html" is stored with its size after its data/,
      );
      return;
    }
    const files = await read(zip);
    expect([...files.keys()].sort()).toEqual(NAMES);
    expect(files).toEqual(await viaBundle(zip));
  });

  it('is unpacked from a file by unzipFile, and accepted by checkArchive', async () => {
    const files = await viaBundle(zip);
    const dir = join(folder, name);
    expect(await unzipFile(join(ZIPS, name), dir)).toMatchObject({ entries: files.size });
    for (const [path, bytes] of files) {
      expect(new Uint8Array(readFileSync(join(dir, path)))).toEqual(new Uint8Array(bytes));
    }
    const { notForward } = await checkArchive(zip);
    expect(notForward).toBe(NOT_FORWARD.has(name) ? 'index.html' : undefined);
  });
});

/** A repository beside the files, which leaves nothing among them. */
const COMMIT =
  'export GIT_DIR="$OUT.git"; git init -q --bare; git --work-tree=. add -A; git --work-tree=. -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m a';

/** Ways to call tools that make other archives than writing to a file does. */
const COMMANDS: readonly [tool: string, command: string, isForward: boolean][] = [
  ['zip', 'zip -qr - . > "$OUT"', true],
  ['zip', 'cat index.html | zip -q - - > "$OUT"', true],
  ['zip', 'zip -qr -fz "$OUT" .', true],
  ['zip', 'zip -qr -fd "$OUT" .', true],
  ['zip', 'echo "made by a test" | zip -qrz "$OUT" .', true],
  ['7z', '7z a -tzip -mcu=on -mtc=on "$OUT" . > /dev/null', true],
  ['7z', '7z a -tzip -siindex.html "$OUT" < index.html > /dev/null', true],
  ['git', `${COMMIT}; git archive --format zip HEAD > "$OUT"`, true],
  ['git', `${COMMIT}; git archive --format zip -0 --prefix www/ HEAD | cat > "$OUT"`, true],
  ['bsdtar', 'bsdtar --format zip -cf - . > "$OUT"', true],
  ['bsdtar', 'bsdtar --format zip --options zip:zip64 -cf - . > "$OUT"', true],
  ['bsdtar', 'bsdtar --format zip --options zip:compression=store -cf - . > "$OUT"', true],
  ['python3', 'python3 -m zipfile -c "$OUT" index.html assets', true],
  [
    'python3',
    'python3 -c "import sys, zipfile; z = zipfile.ZipFile(sys.stdout.buffer, \'w\'); z.write(\'index.html\'); z.close()" | cat > "$OUT"',
    false,
  ],
];

describe.each(COMMANDS)('%s: %s', (tool, command, isForward) => {
  const isMissing = spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0;

  it.skipIf(isMissing && process.env['CI'] === undefined)(
    'gives every reader the same',
    async () => {
      const site = join(folder, 'site');
      const out = join(folder, 'out.zip');
      mkdirSync(join(site, 'assets'), { recursive: true });
      writeFileSync(join(site, 'index.html'), '<h1>Hi</h1>');
      writeFileSync(join(site, 'assets', 'app.js'), 'const answer = 42;\n'.repeat(1000));
      rmSync(out, { force: true });
      execSync(command, { cwd: site, env: { ...process.env, OUT: out } });
      const zip = new Uint8Array(readFileSync(out));
      const files = await viaBundle(zip);
      expect(files.size).toBeGreaterThan(0);
      expect((await checkArchive(zip)).notForward === undefined).toBe(isForward);
      for (const [reader, read] of READERS) {
        if (isForward || reader !== 'unzipStream') expect(await read(zip)).toEqual(files);
        else await expect(read(zip)).rejects.toThrow(/can not be read forward/);
      }
    },
  );
});
