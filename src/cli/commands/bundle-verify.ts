// bundle verify: what an app would say of a bundle, with nothing written.

import { join } from 'node:path';
import type { Command } from 'commander';
import type { BundleInfo } from '../../bundle/info.ts';
import { type Answer, UsageError } from '../answer.ts';
import { type CapgoOpeningOptions, capgoOpeningOptions, openFromCapgo } from '../capgo.ts';
import type { Context } from '../context.ts';
import { fileStream } from '../file-stream.ts';
import { bytes, examples } from '../help.ts';
import { describeInfo, type OpeningOptions, openingOptions, readOpening } from '../opening.ts';
import { run } from '../run.ts';
import { withInput, withTemporaryFolder } from '../spool.ts';

interface Options extends OpeningOptions, CapgoOpeningOptions {
  readonly key?: readonly string[];
  readonly keyData?: string;
  readonly zip?: string;
  readonly checksum?: string;
}

export function bundleVerify(group: Command): void {
  capgoOpeningOptions(
    openingOptions(
      group
        .command('verify')
        .summary('check a sealed bundle, writing nothing')
        .description(
          'Opens a bundle as an app does and writes nothing; compares it with a zip or a checksum where one is given.',
        )
        .argument('<file>', 'the sealed bundle, or its body with --seal; - for standard input')
        .option('--zip <file>', 'the plain bundle that it has to be')
        .option(
          '--checksum <text>',
          'the SHA-256 that the plain bundle has to have; with --capgo the signed one',
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
        const opening = await readOpening(options);
        const info = await withInput(context, file as string, (input) =>
          context.follow('verifying', (onProgress) =>
            readThrough(input, { ...opening, signal: context.signal, onProgress }),
          ),
        );
        const { checksumFile } = await import('../../node.ts');
        const { signal } = context;
        const wanted = [
          ...(checksum === undefined ? [] : [{ what: 'the checksum', is: checksum.toLowerCase() }]),
          ...(zip === undefined ? [] : [{ what: zip, is: await checksumFile(zip, { signal }) }]),
        ];
        // Public values: nothing is learnt from how long this takes.
        const other = wanted.find(({ is }) => is !== info.checksum);
        return {
          json: { verified: true, ...(wanted.length > 0 && { matches: !other }), ...info },
          lines: [
            '✓ genuine and whole',
            ...describeInfo(info),
            ...(other ? [`✗ it is not ${other.what}: ${other.is}`] : []),
            ...(wanted.length > 0 && !other ? ['✓ it is what was given'] : []),
          ],
          isBad: other !== undefined,
        };
      }),
    );
}

async function verifyFromCapgo(context: Context, file: string, options: Options): Promise<Answer> {
  // The wire proves nothing before its end, so what is opened has to lie somewhere meanwhile.
  const { size, sha256 } = await withInput(context, file, (input) =>
    withTemporaryFolder((folder) => openFromCapgo(context, input, join(folder, 'zip'), options)),
  );
  const { checksumFile } = await import('../../node.ts');
  const { zip } = options;
  const { signal } = context;
  const matches = zip === undefined || (await checksumFile(zip, { signal })) === sha256;
  return {
    json: {
      verified: true,
      ...(zip !== undefined && { matches }),
      size,
      sha256,
    },
    lines: [
      `✓ genuine and whole  ${bytes(size)}`,
      `  SHA-256  ${sha256}`,
      ...(matches ? [] : [`✗ it is not ${zip}`]),
    ],
    isBad: !matches,
  };
}

async function readThrough(
  path: string,
  options: Parameters<typeof import('../../index.ts').decryptStream>[1],
): Promise<BundleInfo> {
  const { decryptStream } = await import('../../index.ts');
  let info: BundleInfo | undefined;
  const onHeader = (found: BundleInfo) => {
    info = found;
  };
  const source = await fileStream(path);
  await decryptStream(source, { ...options, onHeader }).pipeTo(new WritableStream());
  // It has come to its end, so the header has been told.
  return info as unknown as BundleInfo;
}
