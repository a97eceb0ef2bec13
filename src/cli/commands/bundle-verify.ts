// bundle verify: what an app would say of a bundle, with nothing written.

import type { Command } from 'commander';
import type { BundleInfo } from '../../bundle/info.ts';
import { UsageError } from '../answer.ts';
import { fileStream } from '../file-stream.ts';
import { examples } from '../help.ts';
import { describeInfo, type OpeningOptions, openingOptions, readOpening } from '../opening.ts';
import { run } from '../run.ts';
import { withInput } from '../spool.ts';

interface Options extends OpeningOptions {
  readonly zip?: string;
  readonly checksum?: string;
}

export function bundleVerify(group: Command): void {
  openingOptions(
    group
      .command('verify')
      .summary('check a sealed bundle, writing nothing')
      .description(
        'Opens a bundle as an app does and writes nothing; compares it with a zip or a checksum where one is given.',
      )
      .argument('<file>', 'the sealed bundle, or its body with --seal; - for standard input')
      .option('--zip <file>', 'the plain bundle that it has to be')
      .option('--checksum <hex>', 'the SHA-256 that the plain bundle has to have'),
  )
    .addHelpText(
      'after',
      examples('bundle verify dist.zip.sealed', 'bundle verify dist.zip.sealed --zip dist.zip'),
    )
    .action(
      run<Options>(async (context, options, file) => {
        const { zip, checksum } = options;
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
