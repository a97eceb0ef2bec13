// bundle decrypt: a sealed bundle opened into a file or a folder.

import { join } from 'node:path';
import type { Command } from 'commander';
import type { BundleInfo } from '../../bundle/info.ts';
import { UsageError } from '../answer.ts';
import { type CapgoOpeningOptions, capgoOpeningOptions, openFromCapgo } from '../capgo.ts';
import { fileStream } from '../file-stream.ts';
import { bytes, examples } from '../help.ts';
import { describeInfo, type OpeningOptions, openingOptions, readOpening } from '../opening.ts';
import { run } from '../run.ts';
import { STANDARD, withInput, withOutput } from '../spool.ts';

interface Options extends OpeningOptions, CapgoOpeningOptions {
  readonly key?: readonly string[];
  readonly keyData?: string;
  readonly out?: string;
  readonly extract?: string;
  readonly overwrite: boolean;
}

export function bundleDecrypt(group: Command): void {
  capgoOpeningOptions(
    openingOptions(
      group
        .command('decrypt')
        .summary('open a sealed bundle')
        .description(
          'Opens a bundle and writes it when all of it has been verified; else nothing is written.',
        )
        .argument('<file>', 'the sealed bundle, or its body with --seal; - for standard input')
        .option(
          '--out <file>',
          'the zip; - for standard output (default: the name without .sealed)',
        )
        .option('--extract <dir>', 'unpack into this folder instead')
        .option('--overwrite', 'replace what is in the folder, as a whole', false)
        .option('--checksum <text>', 'with --capgo: the signed checksum'),
    ),
  )
    .addHelpText(
      'after',
      examples(
        'bundle decrypt dist.zip.sealed --key .bundleseal_key.pub',
        'bundle decrypt dist.zip.sealed --extract www --expect-app-id com.example.app',
        'bundle decrypt app.body --seal app.body.seal --out app.zip',
      ),
    )
    .action(
      run<Options>(async (context, options, operand) => {
        const file = operand as string;
        const { extract, overwrite } = options;
        if (extract !== undefined && options.out !== undefined) {
          throw new UsageError('--out and --extract name two places: give one');
        }
        if (options.capgo) {
          if (extract !== undefined || options.out === undefined || options.out === STANDARD) {
            throw new UsageError('--capgo writes a zip: name it with --out');
          }
          const { out } = options;
          const opened = await withInput(context, file, (input) =>
            openFromCapgo(context, input, out, options),
          );
          return {
            json: { out, ...opened },
            lines: [
              `✓ ${out}  ${bytes(opened.size)}, genuine and whole`,
              `  SHA-256  ${opened.sha256}`,
            ],
          };
        }
        const out = extract === undefined ? (options.out ?? defaultName(file)) : STANDARD;
        const opening = await readOpening(options);
        const { decryptFile, unzipFile } = await import('../../node.ts');
        const { signal } = context;
        const open = (input: string, output: string): Promise<BundleInfo> =>
          context.follow('opening', (onProgress) =>
            decryptFile(input, output, { ...opening, signal, onProgress }),
          );
        if (extract !== undefined) {
          const { decryptStream } = await import('../../index.ts');
          let info: BundleInfo | undefined;
          const unzipped = await withInput(context, file, async (input) => {
            const source = await fileStream(input);
            const onHeader = (found: BundleInfo) => {
              info = found;
            };
            const zip = decryptStream(source, { ...opening, signal, onHeader });
            return unzipFile(zip, extract, { signal, overwrite });
          });
          const said = info as unknown as BundleInfo;
          return {
            json: { extracted: extract, ...unzipped, ...said },
            lines: [`✓ ${join(extract, '/')}  ${unzipped.entries} files`, ...describeInfo(said)],
          };
        }
        const info = await withInput(context, file, (input) =>
          withOutput(context, out, (path) => open(input, path)),
        );
        return {
          json: { out, ...info },
          lines: [`✓ ${out === STANDARD ? 'opened' : out}`, ...describeInfo(info)],
        };
      }),
    );
}

function defaultName(file: string): string {
  if (file === STANDARD) return STANDARD;
  if (/.\.sealed$/i.test(file)) return file.replace(/\.sealed$/i, '');
  throw new UsageError(`${file} does not end in .sealed: name the output with --out`);
}
