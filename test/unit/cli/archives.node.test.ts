// What the command line seals: only what apps can unpack and start from, and nothing that must stay private.

import { readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { unzipBundle, zipBundle } from '../../../src/zip.ts';
import { type Project, useCli, withProject } from '../../support/cli.ts';
import { keyA, keyB } from '../../support/vectors.ts';
import { rawZip, storedWithDescriptor, utf8 } from '../../support/zip.ts';

useCli();

const ENCRYPT = ['bundle', 'encrypt', '--no-project', '--key', 'k'];
const VERIFY = ['bundle', 'verify', '--key', 'k.pub'];
const html = { name: 'index.html', content: utf8('<p>') };

async function withKeys(work: (project: Project) => Promise<void>): Promise<void> {
  await withProject(async (project) => {
    await project.write('k', keyB.pkcs8);
    await project.write('k.pub', keyB.spki);
    await work(project);
  });
}

async function seal(project: Project, name: string, zip: Uint8Array): Promise<void> {
  const { bytes } = await encryptBundle(zip, { privateKey: keyB.pkcs8 });
  await project.write(name, bytes);
}

describe('bundle encrypt and bundle verify with bytes that no app accepts', () => {
  const whole = rawZip([html]);
  const cases: Record<string, readonly [bytes: Uint8Array, said: RegExp]> = {
    'a page that says not found': [
      utf8('<html>Not found</html>'),
      /looks like a web page, as servers send with status 404.*--raw/,
    ],
    'a line that says not found': [utf8('404: Not Found'), /error message that servers send/],
    JSON: [utf8('{"message":"Not Found"}'), /looks like JSON/],
    'a zip in another archive': [gzipSync(rawZip([html])), /looks like a gzip archive/],
    'an empty file': [new Uint8Array(0), /empty file.*--raw/],
    'half a zip': [whole.subarray(0, 40), /cut short/],
    'a zip with backslashes': [rawZip([html, { name: 'a\\b.js' }]), /backslash/],
    'an empty zip': [rawZip([]), /holds no file: pass the zip of the build/],
    'a zip without index.html': [rawZip([{ name: 'a.js' }]), /no index\.html.*--no-index/],
    'a zip with its page in a folder': [
      rawZip([{ name: 'browser/index.html' }]),
      /zip what is in "browser"/,
    ],
    'a zip with a damaged file': [
      rawZip([html, { name: 'a.js', content: utf8('aa'), crc: 7 }]),
      /"a\.js" is damaged/,
    ],
  };

  it.each(Object.entries(cases))('refuses %s', async (_, [bytes, said]) => {
    await withKeys(async (project) => {
      await project.write('a.zip', bytes);
      await seal(project, 'b.sealed', bytes);
      const [encrypted, verified] = await Promise.all([
        project.json([...ENCRYPT, 'a.zip']),
        project.json([...VERIFY, 'b.sealed']),
      ]);
      expect(encrypted).toMatchObject({ code: 'ERR_ARCHIVE_INVALID' });
      expect(encrypted['message']).toMatch(said);
      expect(verified).toMatchObject({ verified: true, usable: false, code: encrypted['code'] });
      expect(verified['message']).toMatch(said);
    });
  });

  it('refuses an empty standard input with exit code 1, and writes nothing', async () => {
    await withKeys(async (project) => {
      const { code, stdout } = await project.run([...ENCRYPT, '-'], { stdin: '' });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    });
  });

  it('seals and verifies any bytes with --raw', async () => {
    await withKeys(async (project) => {
      await project.write('settings', 'no zip');
      const args = [...ENCRYPT, 'settings', '--raw', '--out', 's'];
      expect(await project.json(args)).toMatchObject({ size: 6 });
      const verified = await project.json([...VERIFY, 's', '--raw']);
      expect(verified).toMatchObject({ verified: true });
      expect(verified).not.toHaveProperty('usable');
    });
  });

  it('seals and verifies bytes of no known kind, with a warning', async () => {
    await withKeys(async (project) => {
      await project.write('a.zip', 'no zip');
      const warned = { usable: false, warnings: [expect.stringMatching(/not a zip.*--raw/)] };
      const sealed = await project.json([...ENCRYPT, 'a.zip']);
      expect(sealed).toMatchObject({ size: 6, ...warned });
      const verified = await project.run([...VERIFY, 'a.zip.sealed', '--json']);
      expect(verified.code).toBe(0);
      expect(JSON.parse(verified.stdout)).toMatchObject({ verified: true, ...warned });
      const said = await project.run([...ENCRYPT, 'a.zip', '--quiet', '--repack']);
      expect(said).toMatchObject({ code: 0, stderr: expect.stringMatching(/^! .*--raw/) });
      const raw = await project.json([...ENCRYPT, 'a.zip', '--raw']);
      expect(raw).not.toHaveProperty('usable');
      expect(raw).not.toHaveProperty('warnings');
    });
  });

  it('says in JSON that a good zip is usable, and which key sealed it', async () => {
    await withKeys(async (project) => {
      await project.write('a.zip', rawZip([html]));
      const about = { usable: true, keyFrom: 'k' };
      expect(await project.json([...ENCRYPT, 'a.zip'])).toMatchObject(about);
    });
  });

  it('recognises a broken archive by its beginning or its end', async () => {
    await withKeys(async (project) => {
      const good = rawZip([html, { name: 'a.js', content: utf8('a'.repeat(3000)) }]);
      for (const bytes of [good.subarray(0, 3), good.subarray(0, 100), good.subarray(20)]) {
        await project.write('a.zip', bytes);
        expect((await project.run([...ENCRYPT, 'a.zip'])).code).toBe(1);
      }
    });
  });

  it('accepts a zip without a page with --no-index', async () => {
    await withKeys(async (project) => {
      await project.write('a.zip', rawZip([{ name: 'a.js' }]));
      expect((await project.run([...ENCRYPT, 'a.zip', '--no-index'])).code).toBe(0);
      expect((await project.run([...VERIFY, 'a.zip.sealed', '--no-index'])).code).toBe(0);
    });
  });

  it('reports an altered bundle also if it is not a zip and the rest is not read', async () => {
    await withKeys(async (project) => {
      await seal(project, 'a.sealed', utf8('no zip '.repeat(100_000)));
      const bytes = readFileSync(project.path('a.sealed'));
      bytes[bytes.length - 400_000] = (bytes[bytes.length - 400_000] as number) ^ 1;
      await project.write('a.sealed', bytes);
      expect(await project.json([...VERIFY, 'a.sealed'])).toMatchObject({
        code: 'ERR_CHUNK_INVALID',
      });
    });
  });

  it('suggests --repack for names that only some readers accept, which replaces them and reports how', async () => {
    await withKeys(async (project) => {
      const central = { madeBy: 20 };
      const names = ['assets\\app.js', Uint8Array.of(0x63, 0x82, 0x2e, 0x6a, 0x73)];
      const odd = names.map((name) => ({ name, flags: 0, central, content: utf8('1') }));
      await project.write('a.zip', rawZip([{ ...html, central }, ...odd]));
      const refused = await project.run([...ENCRYPT, 'a.zip']);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--repack') });
      const sealed = await project.json([...ENCRYPT, 'a.zip', '--repack']);
      expect(sealed).toMatchObject({
        usable: true,
        warnings: [
          expect.stringMatching(/^"assets\/app.js": its "\\" was replaced by "\/"/),
          expect.stringMatching(/^"c.*[.]js": .*code page 437/),
        ],
      });
      const open = ['bundle', 'decrypt', '--key', 'k.pub', 'a.zip.sealed', '--out', 'clean.zip'];
      await project.run(open);
      const files = await unzipBundle(readFileSync(project.path('clean.zip')));
      expect([...files.keys()]).toEqual(['assets/app.js', 'cé.js', 'index.html']);
    });
  });

  it('warns about a stored file whose size follows it, and --repack writes it again', async () => {
    await withKeys(async (project) => {
      await project.write('a.zip', storedWithDescriptor('index.html', utf8('<p>')));
      const plain = await project.json([...ENCRYPT, 'a.zip', '--out', 'plain.sealed']);
      expect(plain['warnings']).toEqual([expect.stringContaining('--repack')]);
      const open = ['bundle', 'decrypt', '--key', 'k.pub'];
      const extracted = await project.json([...open, 'plain.sealed', '--extract', 'www']);
      expect(extracted).toMatchObject({ entries: 1 });
      await project.run([...ENCRYPT, 'a.zip', '--repack', '--out', 'clean.sealed']);
      await project.run([...open, 'clean.sealed', '--out', 'clean.zip']);
      const clean = readFileSync(project.path('clean.zip'));
      expect(Buffer.from(await zipBundle({ 'index.html': utf8('<p>') }))).toEqual(clean);
    });
  });
});

describe('limits', () => {
  const files = { 'index.html': utf8('<p>'), 'a.bin': new Uint8Array(3000) };

  it.each([
    ['--max-entries', '1', '2'],
    ['--max-file-size', '2999', '3KB'],
    ['--max-total-size', '2.9KiB', '1MiB'],
  ])('apply with %s in encrypt, verify and decrypt', async (flag, low, high) => {
    await withKeys(async (project) => {
      const zip = await zipBundle(files);
      await project.write('a.zip', zip);
      await seal(project, 'b.sealed', zip);
      const extract = ['bundle', 'decrypt', 'b.sealed', '--key', 'k.pub', '--extract', 'www'];
      const runs = [[...ENCRYPT, 'a.zip'], [...VERIFY, 'b.sealed'], extract];
      for (const args of runs) {
        const refused = await project.json([...args, flag, low]);
        expect(refused).toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' });
        expect(refused['message']).toContain(flag);
        expect((await project.run([...args, flag, high])).code).toBe(0);
      }
    });
  });

  it('apply to a folder too', async () => {
    await withKeys(async (project) => {
      for (const [name, content] of Object.entries(files))
        await project.write(`d/${name}`, content);
      for (const verb of ['encrypt', 'zip']) {
        const key = verb === 'zip' ? [] : ['--key', 'k', '--no-project'];
        const args = ['bundle', verb, 'd', ...key, '--max-file-size', '2999'];
        expect(await project.json(args)).toMatchObject({
          code: 'ERR_LIMIT_EXCEEDED',
          path: 'a.bin',
        });
      }
    });
  });

  it.each(['x', '-1', '3TB', '1e3', ''])('refuse %j as a size, with exit code 2', async (size) => {
    await withKeys(async (project) => {
      await project.write('a.zip', rawZip([html]));
      expect((await project.run([...ENCRYPT, 'a.zip', '--max-file-size', size])).code).toBe(2);
    });
  });
});

describe('private keys', () => {
  it('are refused in a folder, under any name, and nothing is written', async () => {
    await withKeys(async (project) => {
      await project.write('index.html', '<p>');
      const zip = ['bundle', 'zip', '.', '--out', '../x.zip'];
      for (const args of [[...ENCRYPT, '.', '--out', 'x.sealed'], zip]) {
        const refused = await project.json(args);
        expect(refused).toMatchObject({ code: 'ERR_ARCHIVE_INVALID', path: 'k' });
        expect(refused['message']).toMatch(/--ignore.*--allow-private-key/);
      }
      const ignoring = await project.json([
        ...ENCRYPT,
        ...['.', '--out', 'x.sealed', '--ignore', 'k'],
      ]);
      expect(ignoring).toMatchObject({ out: 'x.sealed' });
      const allowing = [...ENCRYPT, '.', '--out', 'x.sealed', '--allow-private-key'];
      expect((await project.run(allowing)).code).toBe(0);
    });
  });

  const large = utf8(`${'a();\n'.repeat(50_000)}k(\`${keyB.pkcs8}\`)`);
  it.each<[path: string, Uint8Array, level: 0 | 6]>([
    ['a/b.txt', utf8(keyB.pkcs8), 6],
    ['a/b.txt.gz', gzipSync(keyB.pkcs8), 6],
    ['a/large.js', large, 6],
    ['a/stored.js', large, 0],
  ])('are refused in a zip as %s, and cause a warning when sealed', async (path, key, level) => {
    await withKeys(async (project) => {
      const files = { 'index.html': utf8('<p>'), [path]: key, z: utf8('z') };
      const zip = await zipBundle(files, { level });
      await project.write('a.zip', zip);
      expect(await project.json([...ENCRYPT, 'a.zip'])).toMatchObject({
        code: 'ERR_ARCHIVE_INVALID',
        path,
      });
      const args = [...ENCRYPT, 'a.zip', '--allow-private-key'];
      expect((await project.run(args)).code).toBe(0);
      const verified = await project.json([...VERIFY, 'a.zip.sealed']);
      expect(verified['warnings']).toEqual([expect.stringContaining(`"${path}"`)]);
    });
  });

  it('do not hide other warnings', async () => {
    await withKeys(async (project) => {
      const dir = { 'index.html': '<p>', '.env.local': 'A=1', '.npmrc': '//x/:_authToken=abc' };
      const more = { 'node_modules/a/b.js': '1', '.git/config': '', 'c/.npmrc': 'loglevel=warn' };
      const all = Object.entries({ ...dir, ...more, '.env.example': 'A=', 'k.pub': keyB.spki });
      for (const [name, content] of all) await project.write(`d/${name}`, content);
      const { warnings } = await project.json(['bundle', 'zip', 'd']);
      const said = (warnings as string[]).map((text) => /holds "([^"]*)"/.exec(text)?.[1]);
      expect(said.sort()).toEqual(['.env.local', '.git/', '.npmrc', 'node_modules/']);
    });
  });
});

describe('a folder', () => {
  it('is sealed without the outputs of earlier runs', async () => {
    await withKeys(async (project) => {
      await project.write('d/index.html', '<p>');
      const first = await project.json([...ENCRYPT, 'd', '--out', 'd/app.sealed']);
      const again = await project.json([...ENCRYPT, 'd', '--out', 'd/app.sealed']);
      expect(again).toMatchObject({ checksum: first['checksum'] });
      expect(again['warnings']).toEqual([expect.stringContaining('"app.sealed"')]);
      await project.run([...ENCRYPT, 'd', '--detached', '--out', 'd/body']);
      const third = await project.json([...ENCRYPT, 'd', '--out', 'other.sealed']);
      expect(third).toMatchObject({ checksum: first['checksum'] });
      expect((third['warnings'] as string[]).join()).toMatch(/"app.sealed".*"body"|"body".*"app/);
    });
  });

  it('is refused with the name of its subfolder that has the page', async () => {
    await withKeys(async (project) => {
      await project.write('dist/app/browser/index.html', '<p>');
      const refused = await project.json([...ENCRYPT, 'dist/app/']);
      expect(refused['message']).toContain('"dist/app/browser"');
      expect((await project.run([...ENCRYPT, 'dist/app', '--no-index'])).code).toBe(0);
    });
  });

  it('that is the current one needs --out', async () => {
    await withKeys(async ({ run }) => {
      for (const verb of ['zip', 'encrypt']) {
        expect((await run(['bundle', verb, '.'])).code).toBe(2);
      }
    });
  });

  it('with links is refused with the name of the flag', async () => {
    await withKeys(async (project) => {
      await mkdir(project.path('d'));
      await project.write('d/index.html', '<p>');
      await symlink('index.html', project.path('d/link'));
      const refused = await project.json(['bundle', 'zip', 'd']);
      expect(refused['message']).toMatch(/--ignore.*--skip-links/);
      const zip = await project.json(['bundle', 'zip', 'd', '--skip-links']);
      expect(zip).toMatchObject({ entries: 1 });
      expect((await unzipBundle(readFileSync(project.path('d.zip')))).size).toBe(1);
    });
  });
});

describe('a bundle for another key', () => {
  it('gets an error that says which keys were tried, and where each came from', async () => {
    await withKeys(async (project) => {
      await project.write('a.pub', keyA.spki);
      await seal(project, 's', await zipBundle({ 'index.html': utf8('<p>') }));
      const runs = [
        ['verify', 's', '--key', 'a.pub'],
        ['decrypt', 's', '--key', 'a.pub', '--out', 'o'],
        ['decrypt', 's', '--key', 'a.pub', '--extract', 'o'],
        ['inspect', 's', '--key', 'a.pub'],
        ['reseal', 's', '--from', 'a.pub', '--key', 'k'],
        ['convert', 's', '--from', 'a.pub', '--key', 'k', '--to', 'capgo', '--out', 'o'],
      ];
      for (const args of runs) {
        const refused = await project.json(['bundle', ...args]);
        expect(refused).toMatchObject({ code: 'ERR_KEY_MISMATCH', keyId: keyB.keyId });
        expect(refused['message']).toContain(`the keys tried are ${keyA.keyId} (a.pub): `);
      }
    });
  });

  it('gets an error that names each of several keys', async () => {
    await withKeys(async (project) => {
      await seal(project, 's', utf8('x'));
      await project.write('.bundleseal_key.pub', keyA.spki);
      const plugins = { BundleSeal: { publicKey: keyA.spki } };
      await project.write('capacitor.config.json', JSON.stringify({ plugins }));
      const verify = ['bundle', 'verify', 's'];
      expect((await project.json(verify))['message']).toContain('(.bundleseal_key.pub)');
      await project.write('.bundleseal_key.pub', 'damaged');
      expect((await project.json(verify))['message']).toContain(
        '(capacitor.config.json (plugins.BundleSeal.publicKey))',
      );
    });
  });
});

describe('bundle verify without --key', () => {
  it('tries every public key of a rotation in the folder, and names the right one', async () => {
    await withKeys(async (project) => {
      const zip = await zipBundle({ 'index.html': utf8('<p>') });
      await seal(project, 'old.sealed', zip);
      const verify = ['bundle', 'verify', 'old.sealed'];
      await project.write('.bundleseal_key.pub', keyA.spki);
      expect(await project.json(verify)).toMatchObject({ code: 'ERR_KEY_MISMATCH' });
      await project.write('.bundleseal_key.old.pub', keyB.spki);
      expect(await project.json(verify)).toMatchObject({ keyFrom: '.bundleseal_key.old.pub' });
      await project.write('.bundleseal_key.old.pub', 'damaged');
      const plugins = { BundleSeal: { publicKey: keyA.spki, previousPublicKey: keyB.spki } };
      await project.write('capacitor.config.json', JSON.stringify({ plugins }));
      const verified = await project.json(verify);
      expect(verified['keyFrom']).toContain('previousPublicKey');
      expect(verified['warnings']).toEqual([expect.stringContaining('.bundleseal_key.old.pub')]);
    });
  });

  it('applies --max-chunks', async () => {
    await withKeys(async (project) => {
      const { bytes } = await encryptBundle(new Uint8Array(9000), {
        privateKey: keyB.pkcs8,
        chunkSize: 4096,
      });
      await project.write('s', bytes);
      const refused = await project.json([...VERIFY, 's', '--raw', '--max-chunks', '2']);
      expect(refused).toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' });
      expect(refused['message']).toContain('--max-chunks');
      expect((await project.run([...VERIFY, 's', '--raw', '--max-chunks', '3'])).code).toBe(0);
    });
  });
});
