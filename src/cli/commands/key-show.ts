// key show: what a key is.

import type { Command } from 'commander';
import { UsageError } from '../answer.ts';
import { examples } from '../help.ts';
import { type KeyValue, MIN_BITS, readKeyFile } from '../keys.ts';
import { run } from '../run.ts';

interface Shown {
  readonly file: string;
  readonly half: 'private' | 'public';
  readonly format: string;
  readonly bits: number;
  readonly keyId: string;
}

export function keyShow(group: Command): void {
  group
    .command('show')
    .summary('id, bits and format of keys, and whether two belong together')
    .description('Shows what keys are, and never a key itself.')
    .argument('<files...>', 'one key or two: PEM, DER or JWK')
    .addHelpText('after', examples('key show .bundleseal_key .bundleseal_key.pub'))
    .action(
      run(async (_context, _options, ...files) => {
        if (files.length > 2) throw new UsageError('key show takes one key or two');
        const shown: Shown[] = [];
        for (const file of files) shown.push({ file, ...(await look(await readKeyFile(file))) });
        const [first, second] = shown as [Shown, Shown?];
        const belong = second && first.keyId === second.keyId;
        const lines = shown.flatMap(({ file, half, format, bits, keyId }) => [
          `${file}: ${half} key, RSA-${bits}, ${format}`,
          `  key id ${keyId}`,
        ]);
        if (belong !== undefined) {
          lines.push(belong ? '✓ they belong together' : '✗ they do not belong together');
        }
        return {
          json: { keys: shown, ...(second && { belongTogether: belong }) },
          lines,
          isBad: belong === false,
        };
      }),
    );
}

async function look(key: KeyValue): Promise<Omit<Shown, 'file'>> {
  const [{ keyIdOf }, { parseEitherKey, parsePublicKey }, { selectBackend }] = await Promise.all([
    import('../../keys/identity.ts'),
    import('../../keys/parse.ts'),
    import('../../backend/select.ts'),
  ]);
  const parsed = parseEitherKey(key, MIN_BITS);
  let half: Shown['half'] = 'public';
  try {
    parsePublicKey(key, 'publicKey', MIN_BITS);
  } catch {
    // It is a good key, as was just seen, so it is the other half.
    half = 'private';
  }
  const keyId = await keyIdOf(await selectBackend(), parsed);
  return { half, format: formatOf(key), bits: parsed.n.toString(2).length, keyId };
}

function formatOf(key: KeyValue): string {
  if (key instanceof Uint8Array) return 'DER';
  if (typeof key !== 'string') return 'JWK';
  const label = /-----BEGIN ([A-Z ]+)-----/.exec(key)?.[1] ?? '';
  const names: Record<string, string> = {
    'PRIVATE KEY': 'PKCS#8 PEM',
    'PUBLIC KEY': 'SubjectPublicKeyInfo PEM',
    'RSA PRIVATE KEY': 'PKCS#1 PEM',
    'RSA PUBLIC KEY': 'PKCS#1 PEM',
  };
  return names[label] ?? 'PEM';
}
