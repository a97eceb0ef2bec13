// Compiled by `npm run types`; a line under @ts-expect-error that compiles is an error.

import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  type BundleInfo,
  type BundleReader,
  decryptStream,
  type EncryptedStream,
  encryptStream,
  httpSource,
  openBundle,
  type RandomAccessSource,
} from '../../src/index.ts';
import { decryptFile, encryptFile, fileSource, unzipFile } from '../../src/node.ts';
import { openZip, unzipStream, zipStream } from '../../src/zip.ts';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

export async function shapes(source: ReadableStream<Uint8Array>, key: string): Promise<void> {
  const sealed = encryptStream(source, { privateKey: key, size: 5 });
  same<typeof sealed, EncryptedStream>(true);
  same<typeof sealed.seal, Promise<string>>(true);
  const opened = decryptStream(sealed.body, {
    publicKey: [key],
    seal: await sealed.seal,
    onHeader: (info) => same<typeof info, BundleInfo>(true),
  });
  same<typeof opened, ReadableStream<Uint8Array>>(true);

  const remote = await httpSource(new URL('https://example.com/bundle'), { retries: 1 });
  same<typeof remote, RandomAccessSource>(true);
  const reader = await openBundle(remote, { publicKey: key, cacheSize: 0 });
  same<typeof reader, BundleReader>(true);
  const bytes = await reader.read(0, 10, AbortSignal.timeout(5));
  same<typeof bytes, Uint8Array<ArrayBuffer>>(true);

  const { sealedSize } = await encryptFile('a', 'b', { privateKey: key, detached: true });
  same<typeof sealedSize, number>(true);
  const info = await decryptFile('b', 'c', { publicKey: key });
  same<typeof info, BundleInfo>(true);
  await using file = await fileSource('b');
  await openBundle(file, { publicKey: key });

  // A reader is a source: what reads by ranges takes it.
  const ranges: RandomAccessSource = reader;
  await openBundle(ranges, { publicKey: key });
  await reader.read(0, 10, AbortSignal.timeout(5));
  await reader.read(0, 10, { signal: AbortSignal.timeout(5) });

  // A sealed zip is read through the reader of the bundle, a plain one as it comes.
  await openZip(reader);
  for await (const entry of unzipStream(zipStream({}))) same<typeof entry.path, string>(true);

  // The streams of node:stream/web, which the DOM's types tell from the global ones.
  const web = Readable.toWeb(createReadStream('a'));
  decryptStream(web, { publicKey: key });
  encryptStream(web, { privateKey: key });
  zipStream({ 'a.txt': web });
  for await (const { path } of unzipStream(web)) same<typeof path, string>(true);
  await unzipFile(web, 'a');

  // @ts-expect-error: a stream of text is not one of bytes
  decryptStream(new ReadableStream<string>(), { publicKey: key });
  // @ts-expect-error: a stream is not bytes
  encryptStream(new Uint8Array(1), { privateKey: key });
  // @ts-expect-error: what was read is not written
  reader.size = 5;
  // @ts-expect-error: a path is a string
  await encryptFile(new URL('file:///a'), 'b', { privateKey: key });
  // @ts-expect-error: a source has a size
  await openBundle({ read: async () => new Uint8Array(1) }, { publicKey: key });
}
