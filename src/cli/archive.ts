// Reads archives by the rules of apps, before sealing and when verifying bundles.

import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import type { MendedName } from '../archive/format/mend.ts';
import type { ZipLimits } from '../archive/format/zip-limits.ts';
import { BundleSealError } from '../errors.ts';
import { PRIVATE_FILE } from '../files/calls.ts';
import type { FileSource } from '../files/file-source.ts';
import { createPublishedSearch, findPublishedKey } from '../files/find-leaked-key.ts';
import type { KeySearch } from '../keys/key-search.ts';
import { createPublished, indexAdvice } from './leaks.ts';
import { HEAD_LENGTH, recognise } from './not-a-zip.ts';
import type { Context } from './terminal.ts';
import { type LimitOptions, limitOptions, readLimitOptions } from './zip-limits.ts';

/** Options of reading an archive. */
export interface ArchiveOptions extends LimitOptions {
  /** Whether to accept any bytes, without reading the bundle as a zip. */
  readonly raw: boolean;
  /** Whether the archive needs an index.html. */
  readonly index: boolean;
  /** What to do about a private key in the archive. Default `'warn'`. */
  readonly keys?: 'refuse' | 'warn' | 'allow';
}

export function archiveOptions(command: Command): Command {
  return limitOptions(
    command
      .option('--raw', 'accept any bytes, because the bundle is not a zip', false)
      .option('--no-index', 'the bundle needs no index.html at its root'),
  );
}

/** The bundle to check: a file, or the reader of a sealed bundle. */
export interface BundleSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Whether devices will accept a bundle. */
export interface Verdict {
  /** False if devices that unzip the bundle will refuse it. */
  readonly usable: boolean;
}

/**
 * Reads a bundle to its end as apps do, in constant memory, and warns about content that should not be published.
 * Bytes of no recognised kind may be intended, so they get a warning and not an error.
 *
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED` if apps would refuse the archive or
 * could not start from it, if it contains a private key, or if the bundle is something else, such as a web page.
 */
export async function readAsAppsDo(
  context: Context,
  source: BundleSource,
  options: ArchiveOptions,
): Promise<Verdict> {
  const other = await otherThanZip(source);
  if (other === undefined) await readZip(context, source, options);
  else if (other === 'unknown') {
    context.warn(
      'the bundle is not a zip: devices that unzip it will refuse it, and the command did not check its content; to seal other bytes than a zip, pass --raw',
    );
  } else {
    throw refused(
      `the bundle looks like ${other.looksLike}, but apps accept a zip: pass the zip. If you want to seal these bytes, pass --raw`,
    );
  }
  return { usable: other === undefined };
}

// An end record has 22 bytes and is followed by a comment of up to 65,535 bytes (APPNOTE.TXT, 4.3.16).
const TAIL_LENGTH = 65_557;

/**
 * Names the kind of content that is not a zip. Returns `undefined` for a zip, also a damaged one.
 */
async function otherThanZip({
  size,
  read,
}: BundleSource): Promise<undefined | 'unknown' | { readonly looksLike: string }> {
  const head = size === 0 ? new Uint8Array() : await read(0, Math.min(size, HEAD_LENGTH));
  if (head[0] === 0x50 && head[1] === 0x4b) return undefined;
  const tailLength = Math.min(size, TAIL_LENGTH);
  const tail = tailLength === 0 ? head : await read(size - tailLength, tailLength);
  if (Buffer.from(tail.buffer, tail.byteOffset, tail.length).includes('PK\x05\x06'))
    return undefined;
  const looksLike = recognise(head, size);
  return looksLike === undefined ? 'unknown' : { looksLike };
}

async function readZip(
  context: Context,
  source: BundleSource,
  options: ArchiveOptions,
): Promise<void> {
  const { checkArchive } = await import('../archive/check.ts');
  const { signal } = context;
  const limits = readLimitOptions(options);
  const { keys = 'warn' } = options;
  const published = createPublished();
  let index = options.index ? 'absent' : 'not needed';
  const indexes: string[] = [];
  /** The search of the large file that is being read, and the key that it has found. */
  let search: KeySearch | undefined;
  let keyInLarge: string | undefined;
  const onPiece = (path: string, piece: Uint8Array) => {
    search ??= createPublishedSearch(path, Number.POSITIVE_INFINITY);
    keyInLarge ??= search(piece);
  };
  const onFile = (path: string, content: Uint8Array | undefined) => {
    const key = content === undefined ? keyInLarge : findPublishedKey(path, content);
    search = undefined;
    keyInLarge = undefined;
    if (key !== undefined && keys === 'refuse') throw holdsKey(path, key);
    if (key !== undefined && keys === 'warn') {
      context.warn(
        `${JSON.stringify(path)} holds ${key}, and everyone who has the app can read it`,
      );
    }
    published.see(path, content);
    if (path === 'index.html') index = 'there';
    else if (/(^|\/)index\.html?$/i.test(path)) indexes.push(path);
  };
  const checked = await context.follow('reading', async (onProgress) => {
    try {
      return await checkArchive(source, { ...limits, signal, onProgress, onFile, onPiece });
    } catch (error) {
      throw await withRemedy(error, source, limits);
    }
  });
  if (checked.files.length === 0)
    throw addRemedy(refused('the archive holds no file: pass the zip of the build'), NO_ZIP);
  if (index === 'absent') {
    throw refused(
      `the archive has no index.html at its root, so no app could start from it: ${indexAdvice(indexes)}`,
    );
  }
  if (checked.notForward !== undefined) {
    context.warn(
      `${JSON.stringify(checked.notForward)} is stored with its size behind its data, so apps that unpack a zip during the download refuse it: npx bundleseal bundle encrypt --repack writes a zip that they accept`,
    );
  }
  published.warn(context);
}

function holdsKey(path: string, what: string): BundleSealError {
  return refused(
    `${JSON.stringify(path)} holds ${what}, and everyone who has the app could read it: make the zip without that file. To publish it anyway, pass --allow-private-key`,
    path,
  );
}

function refused(message: string, path?: string): BundleSealError {
  return new BundleSealError('ERR_ARCHIVE_INVALID', message, path === undefined ? {} : { path });
}

const NO_ZIP = 'apps refuse such a zip; if the bundle is not meant to be a zip, pass --raw';
const REPACK =
  'apps refuse such a zip; npx bundleseal bundle encrypt --repack writes a clean zip with names that all apps accept';

/** Adds to an error that apps would refuse the archive too, and what the user can do. */
async function withRemedy(
  error: unknown,
  source: BundleSource,
  limits: ZipLimits,
): Promise<unknown> {
  if (!(error instanceof BundleSealError) || error.code !== 'ERR_ARCHIVE_INVALID') return error;
  if (error.message.includes('--')) return error;
  const { canMend } = await import('../archive/check.ts');
  // If the source cannot be read again, the original error is enough.
  const isMendable = await canMend(source, limits).catch(() => false);
  return addRemedy(error, isMendable ? REPACK : NO_ZIP);
}

function addRemedy({ code, message, path, offset }: BundleSealError, remedy: string): Error {
  const fields = { ...(path !== undefined && { path }), ...(offset !== undefined && { offset }) };
  return new BundleSealError(code, `${message} (${remedy})`, fields);
}

/** Reads a zip in a file by the rules of apps. */
export async function readFileAsAppsDo(
  context: Context,
  file: string,
  options: ArchiveOptions,
): Promise<Verdict> {
  return onSource(file, (source) => readAsAppsDo(context, source, options));
}

async function onSource<T>(file: string, work: (source: FileSource) => Promise<T>): Promise<T> {
  const { fileSource } = await import('../files/file-source.ts');
  const source = await fileSource(file);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

/**
 * Writes the files of a zip as a zip that every reader accepts, and warns about replaced names. `out` is a new file
 * in a private folder.
 *
 * @returns False if the file is not a zip. Nothing was written then.
 */
export async function repack(
  context: Context,
  file: string,
  out: string,
  options: LimitOptions,
): Promise<boolean> {
  const { signal } = context;
  const { repackArchive } = await import('../archive/check.ts');
  const limits = readLimitOptions(options);
  const mended: MendedName[] = [];
  const onMended = (name: MendedName) => void mended.push(name);
  const isZip = await onSource(file, async (source) => {
    if ((await otherThanZip(source)) !== undefined) return false;
    await context.follow('repacking', async (onProgress) => {
      const output = await open(out, 'wx', PRIVATE_FILE);
      try {
        const zip = repackArchive(source, { ...limits, signal, onProgress, onMended });
        await zip.pipeTo(new WritableStream({ write: (piece) => output.writeFile(piece) }));
      } finally {
        await output.close();
      }
    });
    return true;
  });
  warnOfMended(context, mended, 'separator', 'its "\\" was replaced by "/" between folders');
  warnOfMended(
    context,
    mended,
    'encoding',
    'its name is in an unknown encoding and was read as code page 437 of MS-DOS; check whether the app asks for the file by this name',
  );
  return isZip;
}

function warnOfMended(
  context: Context,
  mended: readonly MendedName[],
  by: MendedName['by'],
  how: string,
): void {
  const [first, ...others] = mended.filter((name) => name.by === by);
  if (first === undefined) return;
  const more = others.length > 0 ? ` (and ${others.length} more like it)` : '';
  context.warn(`${JSON.stringify(first.path)}${more}: ${how}`);
}
