// bundle reseal: a new key's seal for bundles that are stored.

import { rename, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { decodeSeal } from '../../bundle/open.ts';
import { UsageError } from '../answer.ts';
import type { Context } from '../context.ts';
import { readHeaderFile } from '../header-file.ts';
import { collect, examples, KEY_DATA_HELP, PRIVATE_KEY_HELP } from '../help.ts';
import { findPrivateKey, type PrivateKeyOptions, readWireKey } from '../keys.ts';
import { run } from '../run.ts';
import { SEALED } from '../wires.ts';
import { writeWhole } from '../write-whole.ts';

interface Options extends PrivateKeyOptions {
  readonly from: readonly string[];
  readonly out?: string;
}

export function bundleReseal(group: Command): void {
  group
    .command('reseal')
    .summary("put a new key's seal on stored bundles")
    .description(
      'Verifies the old seal and writes one by the new private key; the body stays as it is. A sealed bundle is replaced in its place unless --out names another.',
    )
    .argument('<files...>', 'sealed bundles, or .seal files')
    .requiredOption('--from <file>', 'the old public key; may come again', collect)
    .option('--key <file>', `the new ${PRIVATE_KEY_HELP}`)
    .option('--key-data <key>', KEY_DATA_HELP)
    .option('--out <file>', 'where to write, for one file')
    .addHelpText(
      'after',
      examples(
        'bundle reseal dist.zip.sealed --from .bundleseal_key.old.pub --key .bundleseal_key',
      ),
    )
    .action(
      run<Options>(async (context, options, ...files) => {
        if (options.out !== undefined && files.length > 1) {
          throw new UsageError('--out is for one file: leave it out, or give one');
        }
        const { key } = await findPrivateKey(context, options);
        const publicKey = [];
        for (const path of options.from) {
          publicKey.push(await readWireKey(SEALED, 'publicKey', path, '--from'));
        }
        const { inspectBundle, resealBundle } = await import('../../index.ts');
        const done: { file: string; keyId: string }[] = [];
        for (const file of files) {
          const { signal } = context;
          const { seal, headerLength } = await readHeaderFile(file);
          const fresh = await resealBundle(seal, { publicKey, privateKey: key, signal });
          const out = options.out ?? file;
          if (headerLength === undefined) {
            await writeWhole(out, `${fresh}\n`, { mode: 0o666, force: true });
          } else {
            await writeResealed(context, file, out, headerLength, fresh);
          }
          done.push({ file: out, keyId: inspectBundle(fresh).keyId });
        }
        return {
          json: { resealed: done },
          lines: done.map(({ file, keyId }) => `✓ ${file}  is now for key ${keyId}`),
        };
      }),
    );
}

// Bytes that are copied at once.
const PIECE_LENGTH = 2 ** 20;

/** The new header and the old body, in place of `out` when they are whole. */
async function writeResealed(
  { signal }: Context,
  input: string,
  out: string,
  headerLength: number,
  seal: string,
): Promise<void> {
  const [{ openInputFile }, { replaceFile }, { isThere }] = await Promise.all([
    import('../../files/input-file.ts'),
    import('../../files/replace.ts'),
    import('../read-key.ts'),
  ]);
  // The output may not be the input, so it gets a name of its own first.
  const isSame = (await isThere(out)) && (await sameFile(input, out));
  const target = isSame ? `${out}.resealed` : out;
  const file = await openInputFile(input);
  try {
    await replaceFile(file, target, signal, async (output) => {
      const header = decodeSeal(seal);
      await output.write(header, 0);
      for (let start = headerLength; start < file.size; start += PIECE_LENGTH) {
        signal.throwIfAborted();
        const piece = await file.read(start, Math.min(start + PIECE_LENGTH, file.size));
        await output.write(piece, start - headerLength + header.length);
      }
      await file.checkUnchanged();
    });
  } finally {
    await file.close();
  }
  if (isSame) await rename(target, out);
}

async function sameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([
    stat(one, { bigint: true }),
    stat(other, { bigint: true }),
  ]);
  return first.ino === second.ino && first.dev === second.dev;
}
