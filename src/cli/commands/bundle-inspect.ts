// bundle inspect: shows a header.

import type { Command } from 'commander';
import type { BundleInfo } from '../../bundle/info.ts';
import { inspectHeaderFile, readHeaderFile } from '../header-file.ts';
import { collect, examples } from '../help.ts';
import { findPublicKeys, keysOf, namingTried, type PublicKeyOptions } from '../keys.ts';
import { describeInfo } from '../opening-options.ts';
import { run } from '../run.ts';
import { withInput } from '../spool.ts';

export function bundleInspect(command: Command): void {
  command
    .description(
      'Shows the header of a bundle. Without --key nothing in it is verified; with --key its signature is verified first (the body is not: see bundle verify).',
    )
    .argument('<file>', 'a sealed bundle, or a .seal; - for standard input')
    .option('--key <file>', 'public key that verifies the signature; repeatable', collect)
    .option('--key-data <key>', 'the public key itself')
    .addHelpText(
      'after',
      examples(
        'bundle inspect dist.zip.sealed',
        'bundle inspect app.seal --key .bundleseal_key.pub',
      ),
    )
    .action(
      run<PublicKeyOptions>(async (context, options, file) => {
        const isKeyed = options.key !== undefined || options.keyData !== undefined;
        const read = isKeyed ? (path: string) => prove(path, options) : inspectHeaderFile;
        const info = await withInput(context, file as string, read);
        const heading = info.proven
          ? '✓ verified: the private key has signed this header'
          : '! not verified: anyone can have written this header; --key FILE verifies it';
        const lines = [heading, ...describeInfo(info)];
        return { json: { ...info }, lines, isShown: true };
      }),
    );
}

async function prove(path: string, options: PublicKeyOptions): Promise<BundleInfo> {
  const { seal } = await readHeaderFile(path);
  const [{ openSeal, readPublicKeys }, { infoOf }, { selectBackend }] = await Promise.all([
    import('../../bundle/open-header.ts'),
    import('../../bundle/info.ts'),
    import('../../backend/select.ts'),
  ]);
  const backend = await selectBackend();
  const found = await findPublicKeys(options);
  const keys = await readPublicKeys(backend, keysOf(found));
  const opened = await namingTried(found, () => openSeal(backend, seal, keys, {}));
  opened.secrets.sessionKey.fill(0);
  return infoOf(opened);
}
