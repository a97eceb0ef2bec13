// bundle encrypt: seals a zip, or a folder that it zips first.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { EncryptedFile } from '../../files/encrypt-file.ts';
import { onFile, UNREADABLE } from '../../files/error.ts';
import { UsageError } from '../answer.ts';
import {
  type ArchiveOptions,
  archiveOptions,
  readFileAsAppsDo,
  repack,
  type Verdict,
} from '../archive.ts';
import { checksumFormatOption, encryptForCapgo } from '../capgo.ts';
import { writeDetached } from '../detached.ts';
import { bytes, examples, rare } from '../help.ts';
import { checkDetachedOutput, checkOutput, FORCE_HELP } from '../overwrite.ts';
import {
  describeMetadata,
  type MetadataOptions,
  metadataOptions,
  readMetadata,
} from '../read-metadata.ts';
import { run } from '../run.ts';
import { findSigningKey, type PrivateKeyOptions, privateKeyOptions } from '../signing-key.ts';
import { STANDARD, withInput, withOutput, withTemporaryFolder } from '../spool.ts';
import type { Context } from '../terminal.ts';
import { surveyFolder, type ZipFolderOptions, zipBuild, zipOptions } from './bundle-zip.ts';

interface Options extends PrivateKeyOptions, MetadataOptions, ZipFolderOptions, ArchiveOptions {
  readonly allowPrivateKey: boolean;
  readonly out?: string;
  readonly force: boolean;
  readonly repack: boolean;
  readonly detached: boolean;
  readonly capgo: boolean;
  readonly checksumFormat: string;
  readonly chunkSize?: string;
}

export function bundleEncrypt(command: Command): void {
  command
    .description(
      'Seals a zip, or the zip of a folder, for the apps that carry the public key. Refuses a zip that apps would refuse. Replaces an earlier bundle of that name.',
    )
    .argument('<zip|dir>', 'what to seal; - for standard input')
    .option(
      '--out <file>',
      'file for the sealed bundle; - for standard output (default: the name with .sealed appended)',
    )
    .option('--force', FORCE_HELP, false);
  privateKeyOptions(command, { capgo: true })
    .option(
      '--detached',
      'write body and seal into two files; the seal gets the same name with .seal',
      false,
    )
    .option('--capgo', "for Capgo's plugin instead: RSA-2048, AES-128-CBC", false);
  checksumFormatOption(command, 'with --capgo');
  metadataOptions(command)
    .option('--chunk-size <bytes>', 'a power of two (default: 262144)')
    .option('--repack', 'rewrite a readable but unusual zip before sealing', false);
  rare(
    archiveOptions(zipOptions(command)),
    '--chunk-size',
    '--repack',
    '--level',
    '--no-index',
    '--raw',
  )
    .addHelpText(
      'after',
      examples(
        'bundle encrypt dist --channel production --sequence 42',
        'bundle encrypt app.zip --detached --out app.body',
        'bundle encrypt - --out - --no-project < app.zip > app.sealed',
      ),
    )
    .action(
      run<Options>(async (context, options, operand) => {
        const input = operand as string;
        const { capgo, detached, force } = options;
        if (options.raw && options.repack) {
          throw new UsageError('--raw seals any bytes and --repack writes a zip: pass one of them');
        }
        const out = options.out ?? defaultName(input, capgo);
        if (capgo) {
          if (out === STANDARD || detached) {
            throw new UsageError('--capgo writes one file: name it with --out, without --detached');
          }
          await checkOutput(out, { kind: 'capgo', force });
          return withZip(context, input, options, [out], (zip, verdict) =>
            encryptForCapgo(context, zip, out, options, verdict),
          );
        }
        if (detached && out === STANDARD) {
          throw new UsageError('--detached writes two files: name the body with --out');
        }
        if (detached) await checkDetachedOutput(out, force);
        else await checkOutput(out, { kind: 'sealed', force });
        const { key, from: keyFrom } = await findSigningKey(context, options);
        const found = await readMetadata(context, options, input);
        const { metadata } = found;
        const chunkSize =
          options.chunkSize === undefined ? {} : { chunkSize: Number(options.chunkSize) };
        const { encryptFile } = await import('../../files/encrypt-file.ts');
        const library = await import('../../files/seal-directory.ts');
        const { signal } = context;
        const outputs = detached ? [out, `${out}.seal`] : [out];
        const sealing = { privateKey: key, metadata, detached, signal, ...chunkSize };
        const write = (encrypt: (path: string) => Promise<EncryptedFile>) =>
          detached ? writeDetached(context, out, encrypt) : withOutput(context, out, encrypt);
        const sealZip = (zip: string) =>
          write((path) =>
            context.follow('sealing', (onProgress) =>
              encryptFile(zip, path, { ...sealing, onProgress }),
            ),
          );
        const sealFolder = async () => {
          const { read, survey } = await surveyFolder(context, input, options, outputs);
          const done = await write((path) =>
            context.follow('zipping and sealing', (onProgress) =>
              library.sealFolder(input, path, { ...read, ...sealing, onProgress }, survey),
            ),
          );
          survey.warn();
          return done;
        };
        const sealed = (await isFolder(input))
          ? { ...(await sealFolder()), usable: true }
          : await withZip(context, input, options, outputs, async (zip, verdict) => ({
              ...(await sealZip(zip)),
              ...verdict,
            }));
        const { seal: _, ...about } = sealed;
        return {
          json: { out, ...(detached && { seal: `${out}.seal` }), ...about, keyFrom, ...found },
          lines: [
            `✓ ${out === STANDARD ? 'sealed' : out}  ${bytes(about.size)} sealed into ${bytes(about.sealedSize)}`,
            ...(detached ? [`  seal      ${out}.seal`] : []),
            `  checksum  ${about.checksum}`,
            `  key id    ${about.keyId} (${keyFrom})`,
            ...describeMetadata(found),
          ],
        };
      }),
    );
}

function defaultName(input: string, isCapgo: boolean): string {
  if (input === STANDARD) return STANDARD;
  const name = input.replace(/[\\/]+$/, '');
  if (/(^|[\\/])\.*$/.test(name)) throw new UsageError('name the sealed bundle with --out');
  // The same name as from Capgo's CLI.
  if (isCapgo) return `${name.replace(/\.zip$/i, '')}.zip_encrypted.zip`;
  return /\.zip$/i.test(name) ? `${name}.sealed` : `${name}.zip.sealed`;
}

async function isFolder(input: string): Promise<boolean> {
  return input !== STANDARD && (await onFile(input, UNREADABLE, stat(input))).isDirectory();
}

/**
 * Passes a zip that apps accept to `work`: the zip of a folder, or the named zip, which is checked first unless
 * `--raw` is given.
 */
async function withZip<T>(
  context: Context,
  input: string,
  options: Options,
  outputs: readonly string[],
  work: (zip: string, verdict: Verdict | undefined) => Promise<T>,
): Promise<T> {
  if (await isFolder(input)) {
    return withTemporaryFolder(async (folder) => {
      const zip = join(folder, 'bundle.zip');
      await zipBuild(context, input, zip, options, outputs);
      return work(zip, { usable: true });
    });
  }
  return withInput(context, input, async (file) => {
    if (options.raw) return work(file, undefined);
    const look = (zip: string) =>
      readFileAsAppsDo(context, zip, {
        ...options,
        keys: options.allowPrivateKey ? 'allow' : 'refuse',
      });
    if (!options.repack) return work(file, await look(file));
    return withTemporaryFolder(async (folder) => {
      const clean = join(folder, 'bundle.zip');
      const zip = (await repack(context, file, clean, options)) ? clean : file;
      return work(zip, await look(zip));
    });
  });
}
