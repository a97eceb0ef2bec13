// bundle convert: converts bundles from Capgo's encryption to the sealed format, and back.

import { join } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../answer.ts';
import { type ArchiveOptions, archiveOptions, readFileAsAppsDo } from '../archive.ts';
import { SEALED } from '../bundle-formats.ts';
import { checksumFormatOption, encryptForCapgo, openFromCapgo } from '../capgo.ts';
import { bytes, collect, examples, rare } from '../help.ts';
import { type FoundKey, keysOf, namingTried, readPublicKeyFile } from '../keys.ts';
import { checkOutput, FORCE_HELP } from '../overwrite.ts';
import type { KeyValue } from '../read-key.ts';
import {
  describeMetadata,
  type MetadataOptions,
  metadataOptions,
  readMetadata,
} from '../read-metadata.ts';
import { run } from '../run.ts';
import { findSigningKey, type PrivateKeyOptions, privateKeyOptions } from '../signing-key.ts';
import { withInput, withTemporaryFolder } from '../spool.ts';

interface Options extends PrivateKeyOptions, MetadataOptions, ArchiveOptions {
  readonly force: boolean;
  readonly to: string;
  readonly from: readonly string[];
  readonly out: string;
  readonly ivSessionKey?: string;
  readonly checksum?: string;
  readonly checksumFormat: string;
}

export function bundleConvert(command: Command): void {
  command
    .description(
      'Opens and verifies a bundle in one format, reads the zip in it as apps do, and writes it in the other format. The plain bundle and its checksum stay the same.',
    )
    .argument('<file>', 'the bundle')
    .requiredOption('--to <format>', 'sealed or capgo')
    .requiredOption(
      '--from <file>',
      'public key that opens the bundle; repeatable for sealed bundles',
      collect,
    );
  privateKeyOptions(command, { which: 'private key for the new bundle', capgo: true })
    .requiredOption('--out <file>', 'file for the new bundle')
    .option(
      '--iv-session-key <text>',
      "the session key of a bundle in Capgo's format, as Capgo's CLI printed it",
    )
    .option('--checksum <text>', "the signed checksum of a bundle in Capgo's format");
  checksumFormatOption(command, 'to capgo');
  metadataOptions(command, 'to sealed: ').option('--force', FORCE_HELP, false);
  rare(archiveOptions(command), '--raw', '--no-index')
    .addHelpText(
      'after',
      examples(
        'bundle convert app.zip.sealed --to capgo --from .bundleseal_key.pub --key .capgo_key_v2 --out app.capgo.zip',
      ),
    )
    .action(
      run<Options>(async (context, options, operand) => {
        const file = operand as string;
        const { to, from, out } = options;
        const { signal } = context;
        await checkOutput(out, { kind: 'opened', force: options.force });
        const check = async (zip: string) =>
          options.raw ? undefined : readFileAsAppsDo(context, zip, options);
        if (to === 'capgo') {
          const keys: FoundKey<KeyValue>[] = [];
          for (const path of from) {
            keys.push({ key: await readPublicKeyFile(SEALED, path, '--from'), from: path });
          }
          const { decryptFile } = await import('../../files/decrypt-file.ts');
          return withTemporaryFolder(async (folder) => {
            const zip = join(folder, 'bundle.zip');
            await withInput(context, file, (input) =>
              namingTried(keys, () => decryptFile(input, zip, { publicKey: keysOf(keys), signal })),
            );
            const verdict = await check(zip);
            return encryptForCapgo(context, zip, out, options, verdict);
          });
        }
        if (to !== 'sealed') throw new UsageError(`--to takes sealed or capgo, got ${to}`);
        const found = await readMetadata(context, options, file);
        const { metadata } = found;
        // Removes the options of the private key, which must not apply to the public key.
        const { keyData: _1, ...opening } = options;
        const { key: privateKey, from: keyFrom } = await findSigningKey(context, options);
        const { encryptFile } = await import('../../files/encrypt-file.ts');
        const sealed = await withTemporaryFolder(async (folder) => {
          const zip = join(folder, 'bundle.zip');
          await withInput(context, file, (input) =>
            openFromCapgo(context, input, zip, { ...opening, capgo: true, key: from }),
          );
          const verdict = await check(zip);
          const about = await context.follow('sealing', (onProgress) =>
            encryptFile(zip, out, { privateKey, metadata, signal, onProgress }),
          );
          return { ...about, ...verdict, keyFrom };
        });
        const { seal: _, ...about } = sealed;
        return {
          json: { out, ...about, ...found },
          lines: [
            `✓ ${out}  ${bytes(about.size)}`,
            `  checksum  ${about.checksum}`,
            `  key id    ${about.keyId} (${keyFrom})`,
            ...describeMetadata(found),
          ],
        };
      }),
    );
}
