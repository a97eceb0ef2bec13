// Delta updates of Capgo's format, over every backend.

import { describe, expect, it, vi } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { decryptBundle, decryptManifest, encryptManifest, keyId } from '../../../src/capgo.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { capgoPair } from '../../support/pairs.ts';
import { PREFERRED_BACKENDS } from '../../support/scope.ts';
import { wipedDuring } from '../../support/wiped.ts';

const { privateKey, publicKey } = capgoPair(0);

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

describe.each(PREFERRED_BACKENDS)('%s', (backend) => {
  type Entry = Awaited<ReturnType<typeof made>>['manifest'][number];
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
      trusted: 'unchecked',
      brotli: brotli.decompress,
      backend,
      ...more,
    });

  it('opens its own updates, with Brotli if it saves bytes', async () => {
    const update = await made();
    expect(update.manifest.map(({ file_name }) => file_name)).toEqual([
      'assets/large.js.br',
      'assets/%C3%A9.js',
      'empty',
      'index.html',
    ]);
    expect(Object.fromEntries(await open(update))).toEqual(FILES);
  });

  it('wipes the content of a file that differs from the signed one', async () => {
    const update = await made();
    const [large, small] = update.manifest as [Entry, Entry];
    const swapped = (entry: Entry, other: Entry) => () =>
      open({ ...update, manifest: [{ ...entry, file_hash: other.file_hash }] });
    // As it was decrypted, and as Brotli gave it.
    const packed = await wipedDuring(3, swapped(large, small));
    expect(packed).toEqual([toHex(brotli.compress(FILES['assets/large.js']))]);
    const raw = await wipedDuring(20_000, swapped(large, small));
    expect(raw).toEqual([toHex(FILES['assets/large.js'])]);
    const stored = await wipedDuring(8191, swapped(small, large));
    expect(stored[0]).toBe(toHex(FILES['assets/é.js']));
  });

  it('reports its progress, and the end once', async () => {
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

  it('refuses a file that inflates beyond the limit', async () => {
    const work = open(await made(), { maxFileSize: 19_999 });
    await expect(work).rejects.toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' });
  });

  it.each([1, 15, 16, 17, 31, 32])('accepts the size of a file of %i bytes', async (length) => {
    const update = await encryptManifest({ a: text(length) }, { privateKey, backend });
    expect((await open(update, { maxFileSize: length })).get('a')).toEqual(text(length));
    if (length === 1) return;
    const error = await rejection(open(update, { maxFileSize: length - 1 }), 'ERR_LIMIT_EXCEEDED');
    expect(error.path).toBe('a');
    expect(error.message).toMatch(`a has more than ${length - 1} bytes: if the update is yours`);
  });

  it('does not decrypt a file that is far too large', async () => {
    const update = await made();
    const files = new Map(update.files).set('index.html', text(2 ** 17));
    const work = open({ ...update, files }, { maxFileSize: 2 ** 17 - 17 });
    await rejection(work, 'ERR_LIMIT_EXCEEDED');
  });

  it('gives the same error for wrong padding, wrong bytes and data that does not inflate', async () => {
    const update = await made();
    const at = (name: string) => update.files.get(name) as Uint8Array;
    const altered = (name: string, byte: number) => {
      const bytes = at(name).slice();
      bytes[byte] = (bytes[byte] as number) ^ 0x80;
      return open({ ...update, files: new Map(update.files).set(name, bytes) });
    };
    const spoilt = open(update, {
      brotli: () => {
        throw new Error('no Brotli');
      },
    });
    const refused = [
      altered('index.html', 0),
      altered('index.html', at('index.html').length - 17),
      spoilt,
    ];
    const messages = await Promise.all(
      refused.map(async (work) => (await rejection(work, 'ERR_CHECKSUM_MISMATCH')).message),
    );
    expect(new Set(messages).size).toBe(1);
  });

  it('ends at the file at which it is aborted', async () => {
    const reason = new Error('enough');
    const stopping = () => {
      const controller = new AbortController();
      const seen: number[] = [];
      const onProgress = ({ done }: { done: number }) => {
        seen.push(done);
        controller.abort(reason);
      };
      return { seen, options: { signal: controller.signal, onProgress } };
    };
    const encrypting = stopping();
    const options = { privateKey, backend, ...encrypting.options };
    await expect(encryptManifest(FILES, options)).rejects.toBe(reason);
    expect(encrypting.seen).toEqual([20_000]);
    const update = await made();
    const opening = stopping();
    await expect(open(update, opening.options)).rejects.toBe(reason);
    expect(opening.seen).toEqual([16]);
  });
});

it.each([
  ['a b', /^a b has a space, which Capgo's server refuses: rename it$/],
  ['../x', /^\.\.\/x climbs out of the folder/],
  ['x.br', /^x\.br ends in \.br, which the plugin would take for Brotli: rename it$/],
  ['a//b', /^a\/\/b has a folder without a name/],
])('encryptManifest does not make a manifest with %s', async (path, message) => {
  const work = encryptManifest({ [path]: text(1) }, { privateKey });
  const error = await rejection(work, 'ERR_ARCHIVE_INVALID');
  expect(error.path).toBe(path);
  expect(error.message).toMatch(message);
});

it('encryptManifest refuses two names that are the same file on some platform', async () => {
  const work = encryptManifest({ a: text(1), A: text(1) }, { privateKey });
  await rejection(work, 'ERR_ARCHIVE_INVALID');
});

it('encryptManifest compresses from 8,192 bytes on, if it saves more than 10', async () => {
  const made = async (length: number, brotli: ((raw: Uint8Array) => Uint8Array) | false) => {
    const { manifest } = await encryptManifest({ a: text(length) }, { privateKey, brotli });
    return manifest[0]?.file_name;
  };
  const shorterBy = (saved: number) => (raw: Uint8Array) => raw.subarray(saved);
  expect(await made(8191, shorterBy(8000))).toBe('a');
  expect(await made(8192, shorterBy(8000))).toBe('a.br');
  expect(await made(8192, shorterBy(10))).toBe('a');
  expect(await made(8192, shorterBy(11))).toBe('a.br');
  expect(await made(8192, false)).toBe('a');
});

it('encryptManifest sends the bytes that it hashed, even if the memory of the caller changes', async () => {
  const bytes = bytesOf(9000);
  const wiping = (raw: Uint8Array) => {
    bytes.fill(0);
    return raw;
  };
  const options = { privateKey, brotli: wiping };
  const { manifest, files, ivSessionKey } = await encryptManifest({ a: bytes }, options);
  const opened = await decryptManifest(manifest, files, {
    publicKey,
    ivSessionKey,
    trusted: 'unchecked',
  });
  expect(opened.get('a')).toEqual(bytesOf(9000));
});

it('encryptManifest returns the storage path of the files, as Capgo does, if the organisation and app are given', async () => {
  const raw = { 'a/b.js': text(1) };
  const { manifest, ivSessionKey } = await encryptManifest(raw, {
    ...{ privateKey, orgId: 'org', appId: 'app' },
  });
  const [entry] = manifest;
  const utf8 = (from: string) => new TextEncoder().encode(from);
  const hash = await crypto.subtle.digest('SHA-256', utf8(entry?.file_hash as string));
  const name = toHex(new Uint8Array(hash));
  expect(entry?.s3_path).toBe(
    `orgs/org/apps/app/delta/${toHex(utf8(ivSessionKey))}/${name}_a/b.js`,
  );
  for (const ids of [{}, { orgId: 'org' }, { appId: 'app' }]) {
    const made = await encryptManifest(raw, { privateKey, ...ids });
    expect(Object.keys(made.manifest[0] as object)).toEqual(['file_name', 'file_hash']);
  }
});

it('encryptManifest reports the progress within a large file, after earlier files', async () => {
  const seen: number[] = [];
  const options = {
    ...{ backend: 'noble' as const, brotli: false as const },
    onProgress: ({ done }: { done: number }) => void seen.push(done),
  };
  const raw = { a: text(10), b: bytesOf(200_003) };
  const { manifest, files, ivSessionKey } = await encryptManifest(raw, { privateKey, ...options });
  expect(seen).toEqual([10, 65_546, 131_082, 196_618, 200_013]);
  seen.length = 0;
  const { backend, onProgress } = options;
  const received = { publicKey, ivSessionKey, backend, onProgress };
  await decryptManifest(manifest, files, { ...received, trusted: 'unchecked' });
  expect(seen).toEqual([16, 65_552, 131_088, 196_624, 200_032]);
});

it('encryptManifest returns no bundle and no checksum if no zip was passed', async () => {
  const raw = { a: text(1) };
  const without = await encryptManifest(raw, { privateKey });
  expect(Object.keys(without)).toEqual(['manifest', 'files', 'ivSessionKey', 'hashes', 'keyId']);
  expect(without.keyId).toBe(keyId(publicKey));
  const withZip = await encryptManifest(raw, { privateKey, zip: text(1) });
  expect(Object.keys(withZip)).toEqual([
    ...['manifest', 'files', 'bundle', 'checksum', 'ivSessionKey', 'hashes', 'keyId'],
  ]);
});

it('encryptManifest does no work if the signal was aborted before', async () => {
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  const brotli = vi.fn((raw: Uint8Array) => raw);
  const raw = { a: text(9000) };
  await expect(encryptManifest(raw, { privateKey, brotli, signal })).rejects.toBe(reason);
  const { manifest, files, ivSessionKey } = await encryptManifest(raw, { privateKey });
  const work = decryptManifest(manifest, files, {
    publicKey,
    ivSessionKey,
    trusted: 'unchecked',
    signal,
  });
  await expect(work).rejects.toBe(reason);
  expect(brotli).not.toHaveBeenCalled();
});

function expectGrowing(seen: readonly { done: number; total: number }[]): void {
  const done = seen.map((one) => one.done);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(seen.filter((one) => one.done === one.total)).toHaveLength(1);
}
