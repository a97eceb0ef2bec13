// Archives as libraries of npm and of Java write them: every reader gives one verdict, and the files that went in.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { configure, Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';
import AdmZip from 'adm-zip';
import archiver from 'archiver';
import { Zip, ZipDeflate, ZipPassThrough, zipSync } from 'fflate';
import JSZip from 'jszip';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { checkArchive, repackArchive } from '../../src/archive/check.ts';
import { unzipFile } from '../../src/node.ts';
import { bytesOf } from '../support/bytes.ts';
import { QUICK } from '../support/java.ts';
import { READERS } from '../support/readers.ts';
import { same, textOf, utf8 } from '../support/zip.ts';

const FILES: ReadonlyMap<string, Uint8Array> = new Map([
  ['index.html', utf8('<h1>Hi</h1>')],
  ['assets/app.js', textOf(100_000)],
  ['assets/empty.css', utf8('')],
  ['assets/größe-日本-🎉.txt', utf8('Grüße')],
  ['assets/logo.png', bytesOf(70_000)],
]);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-libraries-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Make = () => Promise<Uint8Array> | Uint8Array;

async function withArchiver(options: archiver.ArchiverOptions, isStreamed: boolean) {
  const archive = archiver('zip', options);
  const bytes = buffer(archive.pipe(new PassThrough()));
  archive.append('', { name: 'assets/', type: 'directory' } as archiver.EntryData);
  for (const [name, data] of FILES) {
    archive.append(isStreamed ? Readable.from([data]) : Buffer.from(data), { name });
  }
  await archive.finalize();
  return bytes;
}

async function withJszip(options: JSZip.JSZipGeneratorOptions) {
  const zip = new JSZip();
  for (const [name, data] of FILES) zip.file(name, data);
  return zip.generateAsync({ ...options, type: 'uint8array' });
}

async function withYazl(options: Partial<yazl.Options>, isStreamed: boolean) {
  const zip = new yazl.ZipFile();
  zip.addEmptyDirectory('assets');
  for (const [name, data] of FILES) {
    if (isStreamed) zip.addReadStream(Readable.from([Buffer.from(data)]), name, options);
    else zip.addBuffer(Buffer.from(data), name, options);
  }
  zip.end();
  return buffer(zip.outputStream);
}

function withAdmZip() {
  const zip = new AdmZip();
  zip.addFile('assets/', Buffer.alloc(0));
  for (const [name, data] of FILES) zip.addFile(name, Buffer.from(data));
  return zip.toBuffer();
}

// Its workers would outlive the test.
configure({ useWebWorkers: false });

async function withZipJs(options: ConstructorParameters<typeof ZipWriter>[1]) {
  const zip = new ZipWriter(new Uint8ArrayWriter(), options);
  await zip.add('assets/', undefined, { directory: true });
  for (const [name, data] of FILES) await zip.add(name, new Uint8ArrayReader(data));
  return zip.close();
}

function withFflate(level: 0 | 6, isStreamed: boolean): Uint8Array | Promise<Uint8Array> {
  if (!isStreamed) return zipSync(Object.fromEntries(FILES), { level });
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    const zip = new Zip((error, part, isLast) => {
      if (error) return reject(error);
      parts.push(part);
      if (isLast) resolve(Buffer.concat(parts));
    });
    for (const [name, data] of FILES) {
      const file = level === 0 ? new ZipPassThrough(name) : new ZipDeflate(name, { level });
      zip.add(file);
      file.push(data, true);
    }
    zip.end();
  });
}

/** Whether unzipStream can read it: no stored file has its size behind its data. */
const MADE: readonly [how: string, make: Make, isForward: boolean][] = [
  ['archiver, of bytes', () => withArchiver({}, false), true],
  ['archiver, of streams', () => withArchiver({}, true), true],
  ['archiver, stored', () => withArchiver({ store: true }, false), true],
  ['archiver, stored, of streams', () => withArchiver({ store: true }, true), false],
  ['archiver, Zip64', () => withArchiver({ forceZip64: true }, true), true],
  ['archiver, Zip64, of bytes', () => withArchiver({ forceZip64: true }, false), true],
  ['archiver, with a comment', () => withArchiver({ comment: 'made by a test' }, false), true],
  [
    'archiver, Zip64 and stored',
    () => withArchiver({ forceZip64: true, store: true }, false),
    true,
  ],
  ['JSZip', () => withJszip({ compression: 'DEFLATE' }), true],
  ['JSZip, stored', () => withJszip({}), true],
  ['JSZip, streamed', () => withJszip({ compression: 'DEFLATE', streamFiles: true }), true],
  ['JSZip, stored and streamed', () => withJszip({ streamFiles: true }), false],
  ['JSZip, for Unix', () => withJszip({ platform: 'UNIX', comment: 'made by a test' }), true],
  ['yazl', () => withYazl({}, false), true],
  ['yazl, streamed', () => withYazl({}, true), true],
  ['yazl, stored', () => withYazl({ compress: false }, false), true],
  ['yazl, stored and streamed', () => withYazl({ compress: false }, true), false],
  ['yazl, Zip64', () => withYazl({ forceZip64Format: true }, false), true],
  ['yazl, Zip64 and streamed', () => withYazl({ forceZip64Format: true }, true), true],
  ['adm-zip', () => withAdmZip(), true],
  ['zip.js', () => withZipJs({}), true],
  ['zip.js, stored', () => withZipJs({ level: 0 }), false],
  [
    'zip.js, stored, without descriptors',
    () => withZipJs({ level: 0, dataDescriptor: false }),
    true,
  ],
  ['zip.js, Zip64', () => withZipJs({ zip64: true }), true],
  [
    'zip.js, Zip64 and without descriptors',
    () => withZipJs({ zip64: true, dataDescriptor: false }),
    true,
  ],
  ['zip.js, extended timestamps off', () => withZipJs({ extendedTimestamp: false }), true],
  ['zip.js, for Unix', () => withZipJs({ msDosCompatible: false }), true],
  [
    'zip.js, descriptors without signature',
    () => withZipJs({ dataDescriptorSignature: false }),
    true,
  ],
  ['fflate', () => withFflate(6, false), true],
  ['fflate, stored', () => withFflate(0, false), true],
  ['fflate, streamed', () => withFflate(6, true), true],
  ['fflate, stored and streamed', () => withFflate(0, true), false],
];

/** The files that went in, and nothing else. */
function expectFiles(files: ReadonlyMap<string, Uint8Array>): void {
  expect([...files.keys()].sort()).toEqual([...FILES.keys()].sort());
  expect([...FILES].filter(([path, bytes]) => !same(files.get(path), bytes))).toEqual([]);
}

async function expectOneVerdict(zip: Uint8Array, isForward: boolean): Promise<void> {
  for (const [reader, read] of READERS) {
    if (isForward || reader !== 'unzipStream') expectFiles(await read(zip));
    else await expect(read(zip)).rejects.toThrow(/can not be read forward/);
  }
  expect((await checkArchive(zip)).notForward === undefined).toBe(isForward);
  const out = join(folder, 'out');
  const place = join(folder, 'in.zip');
  writeFileSync(place, zip);
  await unzipFile(place, out, { overwrite: true });
  expectFiles(new Map([...FILES.keys()].map((path) => [path, readFileSync(join(out, path))])));
  const repacked = new Uint8Array(await new Response(repackArchive(zip)).arrayBuffer());
  for (const [, read] of READERS) expectFiles(await read(repacked));
}

describe('every reader finds the same files in the archives of npm packages', () => {
  it.each(MADE)('%s', async (_, make, isForward) => {
    await expectOneVerdict(new Uint8Array(await make()), isForward);
  });
});

const KINDS = [
  'file',
  'file stored',
  'file always',
  'file stored always',
  'file never',
  'file unicode',
  'file cp437 unicode',
  'pipe',
  'pipe stored',
  'pipe always',
  'pipe stored always',
];

const JAR = '/usr/share/java/commons-compress.jar';
const JAVA = `
import java.io.*; import java.nio.file.*; import java.util.zip.*;
import org.apache.commons.compress.archivers.zip.*;
public class Make {
  public static void main(String[] a) throws Exception {
    for (int kind = 1; kind < a.length; kind++) make(a[0], a[kind]);
  }
  static void make(String folder, String kind) throws Exception {
    String out = Path.of(folder, kind + ".zip").toString();
    String[] names = Files.readString(Path.of(folder, "names"), java.nio.charset.StandardCharsets.UTF_8).split("\\n");
    OutputStream file = new BufferedOutputStream(new FileOutputStream(out));
    ZipArchiveOutputStream zip = kind.startsWith("file") ? new ZipArchiveOutputStream(new File(out)) : new ZipArchiveOutputStream(file);
    if (kind.contains("always")) zip.setUseZip64(Zip64Mode.Always);
    if (kind.contains("never")) zip.setUseZip64(Zip64Mode.Never);
    if (kind.contains("cp437")) { zip.setEncoding("Cp437"); zip.setFallbackToUTF8(true); }
    if (kind.contains("unicode")) zip.setCreateUnicodeExtraFields(ZipArchiveOutputStream.UnicodeExtraFieldPolicy.ALWAYS);
    zip.putArchiveEntry(new ZipArchiveEntry("assets/")); zip.closeArchiveEntry();
    for (int i = 0; i < names.length; i++) {
      byte[] data = Files.readAllBytes(Path.of(folder, "" + i));
      ZipArchiveEntry entry = new ZipArchiveEntry(names[i]);
      if (kind.contains("stored")) { CRC32 crc = new CRC32(); crc.update(data); entry.setMethod(0); entry.setSize(data.length); entry.setCrc(crc.getValue()); }
      zip.putArchiveEntry(entry); zip.write(data); zip.closeArchiveEntry();
    }
    zip.finish(); zip.close();
  }
}`;

describe.skipIf(!existsSync(JAR) && process.env['CI'] === undefined)('commons-compress', () => {
  beforeAll(() => {
    writeFileSync(join(folder, 'Make.java'), JAVA);
    writeFileSync(join(folder, 'names'), [...FILES.keys()].join('\n'));
    for (const [i, data] of [...FILES.values()].entries())
      writeFileSync(join(folder, `${i}`), data);
    const quick = QUICK.map((option) => `-J${option}`);
    execFileSync('javac', [...quick, '-cp', JAR, '-d', folder, join(folder, 'Make.java')]);
    const jars = `${JAR}:/usr/share/java/commons-io.jar:/usr/share/java/commons-lang3.jar:${folder}`;
    const options = [...QUICK, '-cp', jars, '-Dfile.encoding=UTF-8'];
    // One process makes all, because its start takes longer than an archive.
    execFileSync('java', [...options, 'Make', folder, ...KINDS]);
  });

  it.each(KINDS)('%s: gives every reader the same', async (kind) => {
    await expectOneVerdict(new Uint8Array(readFileSync(join(folder, `${kind}.zip`))), true);
  });
});

const PERL = `use Archive::Zip; my ($out, $dir, $stored, $handle) = @ARGV;
my $zip = Archive::Zip->new; open(my $f, '<', "$dir/names"); my @names = map { chomp; $_ } <$f>;
$zip->addDirectory('assets/');
for my $i (0 .. $#names) { my $m = $zip->addFile("$dir/$i", $names[$i]); $m->desiredCompressionMethod($stored ? 0 : 8); }
if ($handle) { $zip->writeToFileHandle(\\*STDOUT, 0) == 0 or die } else { $zip->writeToFileNamed($out) == 0 or die }`;

const hasPerl = spawnSync('perl', ['-MArchive::Zip', '-e1']).status === 0;

describe.skipIf(!hasPerl && process.env['CI'] === undefined)('Archive::Zip of Perl', () => {
  it.each([
    ['to a file', '0', '', true],
    ['to a file, stored', '1', '', true],
    ['to a pipe', '0', '1', true],
    ['to a pipe, stored', '1', '1', false],
  ])('%s: gives every reader the same', async (_, stored, handle, isForward) => {
    writeFileSync(join(folder, 'names'), [...FILES.keys()].join('\n'));
    for (const [i, data] of [...FILES.values()].entries())
      writeFileSync(join(folder, `${i}`), data);
    const out = join(folder, 'perl.zip');
    const piped = execFileSync('perl', ['-e', PERL, out, folder, stored, handle], {
      maxBuffer: 2 ** 24,
    });
    const zip = handle === '' ? readFileSync(out) : piped;
    await expectOneVerdict(new Uint8Array(zip), isForward);
  });
});
