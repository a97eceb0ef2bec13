// bundle encrypt: a zip, or a folder that is zipped first, sealed into a file.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { onFile } from '../../files/error.ts';
import { UsageError } from '../answer.ts';
import { encryptForCapgo } from '../capgo.ts';
import type { Context } from '../context.ts';
import { bytes, examples, KEY_DATA_HELP, PRIVATE_KEY_HELP } from '../help.ts';
import { findPrivateKey, type PrivateKeyOptions } from '../keys.ts';
import { type MetadataOptions, readMetadata } from '../read-metadata.ts';
import { run } from '../run.ts';
import { STANDARD, withInput, withOutput, withTemporaryFolder } from '../spool.ts';
import { writeWhole } from '../write-whole.ts';
import { type ZipFolderOptions, zipFolder, zipOptions } from './bundle-zip.ts';

interface Options extends PrivateKeyOptions, MetadataOptions, ZipFolderOptions {
  readonly out?: string;
  readonly detached: boolean;
  readonly capgo: boolean;
  readonly checksumFormat: string;
  readonly chunkSize?: string;
}

export function bundleEncrypt(group: Command): void {
  zipOptions(
    group
      .command('encrypt')
      .summary('seal a zip or a build folder')
      .description(
        'Seals a bundle for the apps that carry the public key. A folder is zipped first.',
      )
      .argument('<zip|dir>', 'what to seal; - for standard input')
      .option(
        '--out <file>',
        'the sealed bundle; - for standard output (default: .sealed behind the name)',
      )
      .option('--key <file>', PRIVATE_KEY_HELP)
      .option('--key-data <key>', KEY_DATA_HELP)
      .option('--detached', 'body and seal apart: the seal gets .seal behind the name', false)
      .option('--capgo', "for Capgo's plugin instead: RSA-2048, AES-128-CBC", false)
      .option('--checksum-format <format>', 'with --capgo: v3, or v2 for old plugins', 'v3')
      .option('--app-id <id>', "the app (default: the Capacitor config's appId)")
      .option('--app-version <version>', "the version (default: package.json's)")
      .option('--channel <channel>', 'the release channel')
      .option('--sequence <n>', 'grows with every release, so that apps can refuse older ones')
      .option('--no-project', 'take nothing from the Capacitor config and package.json')
      .option('--chunk-size <bytes>', 'a power of two (default: 262144)'),
  )
    .addHelpText(
      'after',
      examples(
        'bundle encrypt dist --channel production --sequence 42',
        'bundle encrypt app.zip --detached --out app.body',
        'bundle encrypt app.zip --capgo --key .capgo_key_v2',
        'bundle encrypt - --out - --no-project < app.zip > app.sealed',
      ),
    )
    .action(
      run<Options>(async (context, options, operand) => {
        const input = operand as string;
        const out = options.out ?? defaultName(input, options.capgo);
        if (options.capgo) {
          if (out === STANDARD || options.detached) {
            throw new UsageError('--capgo writes one file: name it with --out, without --detached');
          }
          return withZip(context, input, options, (zip) =>
            encryptForCapgo(context, zip, out, options),
          );
        }
        if (options.detached && out === STANDARD) {
          throw new UsageError('--detached writes two files: name the body with --out');
        }
        const { key } = await findPrivateKey(context, options);
        const metadata = await readMetadata(options);
        const chunkSize =
          options.chunkSize === undefined ? {} : { chunkSize: Number(options.chunkSize) };
        const { encryptFile } = await import('../../node.ts');
        const { signal } = context;
        const sealed = await withZip(context, input, options, (zip) =>
          withOutput(context, out, (path) =>
            context.follow('sealing', (onProgress) =>
              encryptFile(zip, path, {
                privateKey: key,
                metadata,
                detached: options.detached,
                signal,
                onProgress,
                ...chunkSize,
              }),
            ),
          ),
        );
        const { seal, ...about } = sealed;
        if (options.detached) {
          await writeWhole(`${out}.seal`, `${seal}\n`, { mode: 0o666, force: true });
        }
        return {
          json: {
            out,
            ...(options.detached && { seal: `${out}.seal` }),
            ...about,
            metadata,
          },
          lines: [
            `✓ ${out === STANDARD ? 'sealed' : out}  ${bytes(about.size)} sealed into ${bytes(about.sealedSize)}`,
            ...(options.detached ? [`  seal      ${out}.seal`] : []),
            `  checksum  ${about.checksum}`,
            `  key id    ${about.keyId}`,
          ],
        };
      }),
    );
}

function defaultName(input: string, isCapgo: boolean): string {
  if (input === STANDARD) return STANDARD;
  const name = input.replace(/[\\/]+$/, '');
  if (/^\.*$/.test(name)) throw new UsageError('name the sealed bundle with --out');
  // As Capgo's CLI names it.
  if (isCapgo) return `${name.replace(/\.zip$/i, '')}.zip_encrypted.zip`;
  return /\.zip$/i.test(name) ? `${name}.sealed` : `${name}.zip.sealed`;
}

async function withZip<T>(
  context: Context,
  input: string,
  options: ZipFolderOptions,
  work: (zip: string) => Promise<T>,
): Promise<T> {
  const isFolder =
    input !== STANDARD && (await onFile(input, "can't be read", stat(input))).isDirectory();
  if (!isFolder) return withInput(context, input, work);
  return withTemporaryFolder(async (folder) => {
    const zip = join(folder, 'bundle.zip');
    await zipFolder(context, input, zip, options);
    return work(zip);
  });
}
