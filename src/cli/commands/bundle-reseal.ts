// bundle reseal: seals stored bundles for a new key.

import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { fileError, onFile, UNREADABLE } from '../../files/error.ts';
import { decodeSeal } from '../../format/header.ts';
import { UsageError } from '../answer.ts';
import { SEALED } from '../bundle-formats.ts';
import { type FoundHeader, readHeaderFile } from '../header-file.ts';
import { collect, examples } from '../help.ts';
import { type FoundKey, keysOf, namingTried, readPublicKeyFile } from '../keys.ts';
import { checkOutput, FORCE_HELP } from '../overwrite.ts';
import type { KeyValue } from '../read-key.ts';
import { run } from '../run.ts';
import { findSigningKey, type PrivateKeyOptions, privateKeyOptions } from '../signing-key.ts';
import type { Context } from '../terminal.ts';
import { replaceText } from '../write-whole.ts';

interface Options extends PrivateKeyOptions {
  readonly from: readonly string[];
  readonly out?: string;
  readonly force: boolean;
}

export function bundleReseal(command: Command): void {
  privateKeyOptions(
    command
      .description(
        'Verifies the old seal and writes a seal with the new private key. The body does not change. Replaces the sealed bundle unless --out names another file. Verifies all old seals before it replaces the first file.',
      )
      .argument('<files...>', 'sealed bundles, or .seal files')
      .requiredOption('--from <file>', 'the old public key; repeatable', collect),
    { which: 'the new private key' },
  )
    .option('--out <file>', 'the output, if you pass only one file')
    .option('--force', FORCE_HELP, false)
    .addHelpText(
      'after',
      examples(
        'bundle reseal dist.zip.sealed --from .bundleseal_key.old.pub --key .bundleseal_key',
      ),
    )
    .action(
      run<Options>(async (context, options, ...files) => {
        if (options.out !== undefined && files.length > 1) {
          throw new UsageError('--out is for one file: leave --out out, or pass only one file');
        }
        const { signal } = context;
        const { key, from: keyFrom } = await findSigningKey(context, options);
        const keys: FoundKey<KeyValue>[] = [];
        for (const path of options.from) {
          keys.push({ key: await readPublicKeyFile(SEALED, path, '--from'), from: path });
        }
        const { inspectBundle } = await import('../../bundle/inspect.ts');
        const { resealBundle } = await import('../../bundle/reseal.ts');
        const work: { file: string; out: string; header: FoundHeader; fresh: string }[] = [];
        for (const file of files) {
          await checkReplaceable(file);
          const header = await readHeaderFile(file);
          const out = options.out ?? file;
          const kind = header.headerLength === undefined ? 'seal' : 'sealed';
          if (out !== file) await checkOutput(out, { kind, force: options.force });
          const fresh = await namingTried(keys, () =>
            resealBundle(header.seal, { publicKey: keysOf(keys), privateKey: key, signal }),
          );
          work.push({ file, out, header, fresh });
        }
        for (const { file, out, header, fresh } of work) {
          signal.throwIfAborted();
          if (header.headerLength !== undefined) {
            await writeResealed(context, file, out, header.headerLength, fresh);
          } else {
            await replaceText(out, signal, async () => `${fresh}\n`);
          }
        }
        const done = work.map(({ out, fresh }) => ({
          file: out,
          keyId: inspectBundle(fresh).keyId,
        }));
        return {
          json: { resealed: done, keyFrom },
          lines: done.map(({ file, keyId }) => `✓ ${file}  is now for key ${keyId}`),
        };
      }),
    );
}

/**
 * Refuses an input that is not a file: it cannot be replaced, and opening it could wait forever.
 */
async function checkReplaceable(path: string): Promise<void> {
  const stats = await onFile(path, UNREADABLE, stat(path));
  if (stats.isFile() || stats.isDirectory()) return;
  throw fileError(path, 'is a pipe or a device: write the bundle to a file first, and reseal that');
}

// Number of bytes to copy at once.
const COPY_LENGTH = 2 ** 20;

/** Writes the new header and the old body to `out` atomically. */
async function writeResealed(
  { signal }: Context,
  input: string,
  out: string,
  headerLength: number,
  seal: string,
): Promise<void> {
  const [{ openInputFile }, { replaceFile }] = await Promise.all([
    import('../../files/input-file.ts'),
    import('../../files/replace.ts'),
  ]);
  const file = await openInputFile(input);
  try {
    // Reads from the open file, so that its name can be replaced at the end.
    await replaceFile({ mode: file.mode ?? 0o666 }, out, signal, async (output) => {
      const header = decodeSeal(seal);
      await output.write(header, 0);
      for (let start = headerLength; start < file.size; start += COPY_LENGTH) {
        signal.throwIfAborted();
        const piece = await file.read(start, Math.min(start + COPY_LENGTH, file.size));
        await output.write(piece, start - headerLength + header.length);
      }
      await file.checkUnchanged();
    });
  } finally {
    await file.close();
  }
}
