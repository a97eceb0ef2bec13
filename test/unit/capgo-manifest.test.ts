// Delta updates of Capgo's wire, over every backend.

import { describe, expect, it } from 'vitest';
import { decryptBundle, decryptManifest, encryptManifest, keygen } from '../../src/capgo.ts';
import { BACKENDS } from '../support/backends.ts';

const { privateKey, publicKey } = await keygen();

const text = (length: number) => new Uint8Array(length).fill(97);
const FILES = {
  'index.html': text(100),
  'assets/é.js': text(8191),
  'assets/large.js': text(20_000),
  empty: new Uint8Array(),
};

// A coder that any runtime has, in the place of Brotli: the count, and the one byte that fills it.
const brotli = {
  compress: (bytes: Uint8Array) => Uint8Array.of(bytes.length >> 8, bytes.length & 255, 97),
  decompress: (bytes: Uint8Array) =>
    text((((bytes[0] as number) << 8) | (bytes[1] as number)) >>> 0),
};

describe.each(BACKENDS)('%s', (backend) => {
  const made = () => encryptManifest(FILES, { privateKey, brotli: brotli.compress, backend });
  const open = (
    {
      manifest,
      files,
      ivSessionKey,
    }: Pick<Awaited<ReturnType<typeof made>>, 'manifest' | 'files' | 'ivSessionKey'>,
    more: object = {},
  ) =>
    decryptManifest(manifest, files, {
      publicKey,
      ivSessionKey,
      brotli: brotli.decompress,
      backend,
      ...more,
    });

  it('opens what it made, with Brotli where it pays', async () => {
    const update = await made();
    expect(update.manifest.map(({ file_name }) => file_name)).toEqual([
      'assets/large.js.br',
      'assets/%C3%A9.js',
      'empty',
      'index.html',
    ]);
    expect(Object.fromEntries(await open(update))).toEqual(FILES);
  });

  it('tells how far it is, up to all of it and once', async () => {
    const seen: { done: number; total: number }[] = [];
    const onProgress = (one: { done: number; total: number }) => seen.push(one);
    const zip = text(300_000);
    const options = { privateKey, zip, brotli: brotli.compress, backend, onProgress };
    const update = await encryptManifest(FILES, options);
    const plain = 100 + 8191 + 20_000 + 300_000;
    expect(seen.at(-1)).toEqual({ done: plain, total: plain });
    expectGrowing(seen);
    seen.length = 0;
    await open(update, { onProgress });
    const total = [...update.files.values()].reduce((sum, { length }) => sum + length, 0);
    expect(seen.at(-1)).toEqual({ done: total, total });
    expectGrowing(seen);
    expect(seen.length).toBeGreaterThanOrEqual(update.files.size);
  });

  it('shares one session with the zip', async () => {
    const zip = text(1000);
    const { bundle, checksum, ivSessionKey } = await encryptManifest(FILES, {
      privateKey,
      zip,
      backend,
    });
    const sent = { publicKey, ivSessionKey, checksum: checksum as string, backend };
    expect(await decryptBundle(bundle as Uint8Array, sent)).toEqual(zip);
  });

  it.each<[string, (update: Awaited<ReturnType<typeof made>>) => object, string]>([
    ['a missing file', ({ manifest }) => ({ manifest, files: new Map() }), 'ERR_ARCHIVE_INVALID'],
    [
      'a file named twice',
      ({ manifest, files }) => ({ manifest: [...manifest, manifest[0]], files }),
      'ERR_ARCHIVE_INVALID',
    ],
    ...['../x', '%2e%2e%2fx', '/x', 'a%5Cb', '..%2Fx', 'C:x', '%E0%A4%A'].map(
      (file_name): [string, (update: Awaited<ReturnType<typeof made>>) => object, string] => [
        `the name ${file_name}`,
        ({ manifest }) => ({
          manifest: [{ ...manifest[3], file_name }],
          files: new Map([[file_name, text(16)]]),
        }),
        'ERR_ARCHIVE_INVALID',
      ],
    ),
    [
      "another file's bytes",
      ({ manifest, files }) => ({
        manifest,
        files: new Map(files).set('index.html', files.get('empty') as Uint8Array),
      }),
      'ERR_CHECKSUM_MISMATCH',
    ],
    [
      "another file's hash",
      ({ manifest, files }) => ({
        manifest: manifest.map((entry) => ({
          ...entry,
          file_hash: manifest[0]?.file_hash as string,
        })),
        files,
      }),
      'ERR_CHECKSUM_MISMATCH',
    ],
    [
      'a hash that is not signed',
      ({ manifest, files }) => ({
        manifest: manifest.map((entry) => ({ ...entry, file_hash: 'ab'.repeat(32) })),
        files,
      }),
      'ERR_VERSION_UNSUPPORTED',
    ],
    [
      'a cut file',
      ({ manifest, files }) => ({ manifest, files: new Map(files).set('index.html', text(15)) }),
      'ERR_LENGTH_INVALID',
    ],
  ])('refuses %s', async (_, change, code) => {
    const update = await made();
    await expect(open({ ...update, ...change(update) })).rejects.toMatchObject({ code });
  });

  it('refuses what inflates beyond the cap', async () => {
    const work = open(await made(), { maxFileSize: 19_999 });
    await expect(work).rejects.toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' });
  });
});

it.each(['a b', '../x', 'x.br', 'a//b'])('does not make a manifest with %s', async (path) => {
  const work = encryptManifest({ [path]: text(1) }, { privateKey });
  await expect(work).rejects.toMatchObject({ code: 'ERR_ARCHIVE_INVALID', path });
});

it('says where the files are stored, as Capgo does', async () => {
  const { manifest, ivSessionKey } = await encryptManifest(
    { 'a/b.js': text(1) },
    { privateKey, orgId: 'org', appId: 'app' },
  );
  const hex = Array.from(new TextEncoder().encode(ivSessionKey), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  const start = `orgs/org/apps/app/delta/${hex}/`;
  expect(manifest[0]?.s3_path?.startsWith(start)).toBe(true);
  expect(manifest[0]?.s3_path?.slice(start.length)).toMatch(/^[0-9a-f]{64}_a\/b\.js$/);
});

function expectGrowing(seen: readonly { done: number; total: number }[]): void {
  const done = seen.map((one) => one.done);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(seen.filter((one) => one.done === one.total)).toHaveLength(1);
}
