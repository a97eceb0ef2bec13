// bundle verify: checks a bundle as an app does, without writing anything.

import { join } from 'node:path';
import type { Command } from 'commander';
import type { BundleInfo } from '../../bundle/info.ts';
import { BundleSealError } from '../../errors.ts';
import { PIECE_LENGTH } from '../../files/calls.ts';
import { openInputFile } from '../../files/input-file.ts';
import { type Answer, UsageError } from '../answer.ts';
import {
  type ArchiveOptions,
  archiveOptions,
  readAsAppsDo,
  readFileAsAppsDo,
  type Verdict,
} from '../archive.ts';
import { type CapgoOpeningOptions, capgoOpeningOptions, openFromCapgo } from '../capgo.ts';
import { bytes, examples } from '../help.ts';
import { namingTried } from '../keys.ts';
import {
  describeInfo,
  findKeysOfRotation,
  type Opening,
  type OpeningOptions,
  openingOptions,
  readOpening,
} from '../opening-options.ts';
import { run } from '../run.ts';
import { withInput, withTemporaryFolder } from '../spool.ts';
import type { Context } from '../terminal.ts';
import { inWordsOf } from '../translate-messages.ts';
import { LIMIT_FLAGS } from '../zip-limits.ts';

interface Options extends OpeningOptions, CapgoOpeningOptions, ArchiveOptions {
  readonly key?: readonly string[];
  readonly keyData?: string;
  readonly zip?: string;
  readonly checksum?: string;
}

export function bundleVerify(command: Command): void {
  archiveOptions(
    capgoOpeningOptions(
      openingOptions(
        command
          .description(
            'Opens a bundle and reads the zip in it as an app does, without writing anything. Compares it with a zip or a checksum if you pass one. Without --key, it tries every public key of the project: .bundleseal_key.pub, .bundleseal_key.old.pub and the keys in the Capacitor config.',
          )
          .argument('<file>', 'the sealed bundle, or its body with --seal; - for standard input')
          .option('--zip <file>', 'the expected plain bundle')
          .option(
            '--checksum <text>',
            'the expected SHA-256 of the plain bundle; with --capgo the signed checksum',
          ),
      ),
    ),
  )
    .addHelpText(
      'after',
      examples('bundle verify dist.zip.sealed', 'bundle verify dist.zip.sealed --zip dist.zip'),
    )
    .action(
      run<Options>(async (context, options, file) => {
        const { zip, checksum } = options;
        if (options.capgo) return verifyFromCapgo(context, file as string, options);
        if (checksum !== undefined && !/^[0-9a-f]{64}$/i.test(checksum)) {
          throw new UsageError('--checksum takes a SHA-256 as 64 hex characters');
        }
        const keys = await findKeysOfRotation(context, options);
        const opening = await readOpening(options, keys);
        const { info, ...verdict } = await withInput(context, file as string, (input) =>
          namingTried(keys, () => readBundle(context, input, opening, options)),
        );
        const { checksumFile } = await import('../../files/checksum-file.ts');
        const { signal } = context;
        const wanted = [
          ...(checksum === undefined ? [] : [{ what: 'the checksum', is: checksum.toLowerCase() }]),
          ...(zip === undefined ? [] : [{ what: zip, is: await checksumFile(zip, { signal }) }]),
        ];
        // The values are public, so the comparison need not be constant-time.
        const other = wanted.find(({ is }) => is !== info.checksum);
        const { fault } = verdict;
        const keyFrom = keys.find(({ id }) => id === info.keyId)?.from;
        return {
          json: {
            verified: true,
            ...saidOf(verdict),
            ...(wanted.length > 0 && { matches: !other }),
            ...(keyFrom !== undefined && { keyFrom }),
            ...info,
          },
          lines: [
            '✓ verified: the private key has sealed every byte',
            ...(keyFrom === undefined ? [] : [`  opened by ${keyFrom}`]),
            ...describeInfo(info),
            ...(other ? [`✗ it is not ${other.what}: ${other.is}`] : []),
            ...(wanted.length > 0 && !other ? ['✓ it is the expected bundle'] : []),
            ...(fault ? [`✗ apps refuse it: ${fault.message}`] : []),
          ],
          isBad: other !== undefined || fault !== undefined,
        };
      }),
    );
}

/** The result about the archive. Empty with `--raw`. */
interface ArchiveVerdict {
  readonly usable?: boolean;
  /** The error of apps that refuse the archive. */
  readonly fault?: BundleSealError;
}

/** The members for `--json`: whether apps can unpack the archive, and the error if not. */
function saidOf({ usable, fault }: ArchiveVerdict): object {
  if (fault === undefined) return usable === undefined ? {} : { usable };
  const { code, message, path } = fault;
  return { usable: false, code, message, path };
}

async function verifyFromCapgo(context: Context, file: string, options: Options): Promise<Answer> {
  // Capgo's format is verified only at its end, so the opened bytes have to be stored until then.
  const { size, sha256, ...verdict } = await withInput(context, file, (input) =>
    withTemporaryFolder(async (folder) => {
      const opened = join(folder, 'zip');
      const about = await openFromCapgo(context, input, opened, options);
      const work = () => readFileAsAppsDo(context, opened, options);
      return { ...about, ...(options.raw ? {} : await verdictOf(work)) };
    }),
  );
  const { checksumFile } = await import('../../files/checksum-file.ts');
  const { zip } = options;
  const { fault }: ArchiveVerdict = verdict;
  const { signal } = context;
  const matches = zip === undefined || (await checksumFile(zip, { signal })) === sha256;
  return {
    json: {
      verified: true,
      ...saidOf(verdict),
      ...(zip !== undefined && { matches }),
      size,
      sha256,
    },
    lines: [
      `✓ verified  ${bytes(size)}`,
      `  SHA-256  ${sha256}`,
      ...(matches ? [] : [`✗ it is not ${zip}`]),
      ...(fault ? [`✗ apps refuse it: ${fault.message}`] : []),
    ],
    isBad: !matches || fault !== undefined,
  };
}

/** Returns the result of `work` or its error about the archive. Throws other errors. */
async function verdictOf(work: () => Promise<Verdict>): Promise<ArchiveVerdict> {
  try {
    return await work();
  } catch (error) {
    const isArchive =
      error instanceof BundleSealError &&
      (error.code === 'ERR_ARCHIVE_INVALID' || error.code === 'ERR_LIMIT_EXCEEDED');
    if (!isArchive) throw error;
    const { code, path } = error;
    const message = inWordsOf(LIMIT_FLAGS, error.message);
    const fault = new BundleSealError(code, message, path === undefined ? {} : { path });
    return { usable: false, fault };
  }
}

/**
 * Reads a whole bundle. Reading an archive to its end reads every chunk, so one pass verifies the bundle and checks
 * the archive. If it is not an archive, or is refused before its end, a second pass verifies the rest.
 */
async function readBundle(
  context: Context,
  input: string,
  opening: Opening,
  options: Options,
): Promise<ArchiveVerdict & { readonly info: BundleInfo }> {
  if (options.raw) return { info: await readThrough(context, input, opening) };
  const [{ openBundle }, { fileSource }] = await Promise.all([
    import('../../bundle/open.ts'),
    import('../../files/file-source.ts'),
  ]);
  const { signal } = context;
  const source = await fileSource(input);
  try {
    const reader = await openBundle(source, { ...opening, signal });
    const { info } = reader;
    try {
      const plain = {
        size: info.size,
        read: (offset: number, length: number) => reader.read(offset, length),
      };
      const verdict = await verdictOf(() => readAsAppsDo(context, plain, options));
      if (verdict.usable !== true) await readThrough(context, input, opening);
      return { info, ...verdict };
    } finally {
      reader.close();
    }
  } finally {
    await source.close();
  }
}

async function readThrough(context: Context, path: string, opening: Opening): Promise<BundleInfo> {
  const { decryptStream } = await import('../../bundle/decrypt-stream.ts');
  let info: BundleInfo | undefined;
  const onHeader = (found: BundleInfo) => {
    info = found;
  };
  const source = await fileStream(path);
  const { signal } = context;
  await context.follow('verifying', (onProgress) =>
    decryptStream(source, { ...opening, onHeader, signal, onProgress }).pipeTo(
      new WritableStream(),
    ),
  );
  // The stream has ended, so `onHeader` has been called.
  return info as unknown as BundleInfo;
}

/**
 * Streams the bytes of the file. Closes the file at its end, on an error and on cancellation.
 *
 * Does not use Readable.toWeb(), which on Node 20 throws an uncaught error if the reader cancels between two reads.
 */
async function fileStream(path: string): Promise<ReadableStream<Uint8Array>> {
  const file = await openInputFile(path);
  let start = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const end = Math.min(start + PIECE_LENGTH, file.size);
        if (start < end) controller.enqueue(await file.read(start, end));
        start = end;
        if (start < file.size) return;
        await file.checkUnchanged();
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      await file.close();
    },
    cancel: () => file.close(),
  });
}
