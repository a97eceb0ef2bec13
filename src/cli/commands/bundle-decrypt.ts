// bundle decrypt: opens a sealed bundle into a file or a folder.

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { DecryptFileOptions } from '../../files/decrypt-file.ts';
import { fileError } from '../../files/error.ts';
import { holds } from '../../files/output-place.ts';
import { type Answer, UsageError } from '../answer.ts';
import { SEALED } from '../bundle-formats.ts';
import { type CapgoOpeningOptions, capgoOpeningOptions, openFromCapgo } from '../capgo.ts';
import { bytes, counted, examples } from '../help.ts';
import { findPublicKeys, namingTried } from '../keys.ts';
import {
  describeInfo,
  type OpeningOptions,
  openingOptions,
  readOpening,
} from '../opening-options.ts';
import { checkOutput } from '../overwrite.ts';
import { run } from '../run.ts';
import { STANDARD, withInput, withOutput } from '../spool.ts';
import type { Context } from '../terminal.ts';
import { type LimitOptions, limitOptions, readLimitOptions } from '../zip-limits.ts';

interface Options extends OpeningOptions, CapgoOpeningOptions, LimitOptions {
  readonly key?: readonly string[];
  readonly keyData?: string;
  readonly out?: string;
  readonly extract?: string;
  readonly overwrite: boolean;
  readonly force: boolean;
}

export function bundleDecrypt(command: Command): void {
  limitOptions(
    capgoOpeningOptions(
      openingOptions(
        command
          .description(
            'Opens a bundle, verifies all of it, and then writes the zip. Writes nothing if a check fails. The limits apply to --extract.',
          )
          .argument('<file>', 'the sealed bundle, or its body with --seal; - for standard input')
          .option(
            '--out <file>',
            'the zip; - for standard output (default: the name without .sealed)',
          )
          .option('--force', 'replace the file of --out', false)
          .option('--extract <dir>', 'unpack into this folder instead')
          .option('--overwrite', 'replace the whole content of the folder', false)
          .option('--checksum <text>', 'with --capgo: the signed checksum'),
      ),
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
        const { extract, force } = options;
        if (extract !== undefined && options.out !== undefined) {
          throw new UsageError('--out and --extract name two outputs: pass one of them');
        }
        if (options.capgo) return decryptFromCapgo(context, file, options);
        if (extract !== undefined) return extractInto(context, file, extract, options);
        const out = options.out ?? defaultName(file);
        await checkOutput(out, { kind: 'opened', force });
        const keys = await findPublicKeys(options);
        const opening = await readOpening(options, keys);
        const { decryptFile, decryptToUnnamed } = await import('../../files/decrypt-file.ts');
        const { signal } = context;
        const open = <T>(work: (whole: DecryptFileOptions) => Promise<T>) =>
          context.follow('opening', (onProgress) =>
            namingTried(keys, () => work({ ...opening, signal, onProgress })),
          );
        const info = await withInput(context, file, (input) =>
          withOutput(
            context,
            out,
            (path) => open((whole) => decryptFile(input, path, whole)),
            () => open((whole) => decryptToUnnamed(input, whole)),
          ),
        );
        return {
          json: { out, ...info },
          lines: [`✓ ${out === STANDARD ? 'opened' : out}`, ...describeInfo(info)],
        };
      }),
    );
}

async function decryptFromCapgo(context: Context, file: string, options: Options): Promise<Answer> {
  const { out, extract, force } = options;
  if (extract !== undefined || out === undefined || out === STANDARD) {
    throw new UsageError('--capgo writes a zip: name it with --out');
  }
  await checkOutput(out, { kind: 'opened', force });
  const opened = await withInput(context, file, (input) =>
    openFromCapgo(context, input, out, options),
  );
  return {
    json: { out, ...opened },
    lines: [`✓ ${out}  ${bytes(opened.size)}, verified`, `  SHA-256  ${opened.sha256}`],
  };
}

async function extractInto(
  context: Context,
  file: string,
  dir: string,
  options: Options,
): Promise<Answer> {
  if (options.overwrite) {
    const { key = [SEALED.publicKeyFile], seal } = options;
    for (const path of [file, ...key, ...(seal === undefined ? [] : [seal])]) {
      await checkOutside(path, dir);
    }
  }
  const limits = readLimitOptions(options);
  const keys = await findPublicKeys(options);
  const opening = await readOpening(options, keys);
  const { openToDirectory } = await import('../../files/open-to-directory.ts');
  return withInput(context, file, (input) =>
    context.follow('unpacking', async (onProgress) => {
      const { info, ...unzipped } = await namingTried(keys, () =>
        openToDirectory(input, dir, {
          ...opening,
          ...limits,
          overwrite: options.overwrite,
          signal: context.signal,
          onProgress,
        }),
      );
      return {
        json: { extracted: dir, ...unzipped, ...info },
        lines: [
          `✓ ${join(dir, '/')}  ${counted(unzipped.entries, 'file', 'files')}`,
          ...describeInfo(info),
        ],
      };
    }),
  );
}

/** The input must not be deleted with the folder that contains it. */
async function checkOutside(path: string, dir: string): Promise<void> {
  const [place, folder] = await Promise.all(
    [path, dir].map((one) => realpath(one).catch(() => undefined)),
  );
  if (place === undefined || folder === undefined || !(await holds(folder, place, path))) return;
  throw fileError(
    path,
    `is in the folder that --overwrite would replace: move it out of ${JSON.stringify(dir)}, or extract elsewhere`,
  );
}

function defaultName(file: string): string {
  if (file === STANDARD) return STANDARD;
  if (/.\.sealed$/i.test(file)) return file.replace(/\.sealed$/i, '');
  throw new UsageError(`${file} does not end in .sealed: name the output with --out`);
}
