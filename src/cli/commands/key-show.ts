// key show: shows facts about keys.

import type { Command } from 'commander';
import { CAPGO_BITS } from '../../capgo/keys.ts';
import { MODULUS_BITS } from '../../format/limits.ts';
import { UsageError } from '../answer.ts';
import { examples } from '../help.ts';
import { isProtectedKey, unlock } from '../passphrase.ts';
import { type KeyValue, namingSource, readKeyFile } from '../read-key.ts';
import { run } from '../run.ts';

interface Shown {
  readonly file: string;
  readonly half: 'private' | 'public';
  readonly format: string;
  /** Whether a passphrase protects the key. */
  readonly isProtected?: true;
  readonly bits: number;
  /** The format that the key is for: Capgo's if it is too short for the sealed format. */
  readonly wire: 'sealed' | 'capgo';
  readonly keyId: string;
}

export function keyShow(command: Command): void {
  command
    .description(
      'Shows the id, bits and format of one or two keys, and whether two keys are a pair. Never prints a key.',
    )
    .argument('<files...>', 'one or two keys: PEM, DER or JWK')
    .addHelpText('after', examples('key show .bundleseal_key .bundleseal_key.pub'))
    .action(
      run(async (context, _options, ...files) => {
        if (files.length > 2)
          throw new UsageError(`key show takes one or two files with keys, got ${files.length}`);
        const shown: Shown[] = [];
        for (const file of files) {
          const key = await readKeyFile(file, 'key show');
          const about = await namingSource(file, async () =>
            look(await unlock(context, key, file)),
          );
          const locked = {
            format: `${formatOf(key)} under a passphrase`,
            isProtected: true,
          } as const;
          shown.push({ file, ...about, ...((await isProtectedKey(key)) && locked) });
        }
        const [first, second] = shown as [Shown, Shown?];
        const belong = second && first.keyId === second.keyId;
        const lines = shown.flatMap(({ file, half, format, bits, wire, keyId }) => [
          `${file}: ${half} key, RSA-${bits}, ${format}${wire === 'capgo' ? ", for Capgo's format" : ''}`,
          `  key id ${keyId}`,
        ]);
        if (belong !== undefined) {
          lines.push(belong ? '✓ they belong together' : '✗ they do not belong together');
        }
        return {
          json: { keys: shown, ...(second && { belongTogether: belong }) },
          lines,
          isShown: true,
          isBad: belong === false,
        };
      }),
    );
}

async function look(key: KeyValue): Promise<Omit<Shown, 'file'>> {
  const [
    { keyIdOf },
    { capgoKeyIdOf },
    { parseEitherKey, parsePrivateKey, parsePublicKey },
    { checkPrimes },
    backend,
  ] = await Promise.all([
    import('../../keys/identity.ts'),
    import('../../capgo/keys.ts'),
    import('../../keys/parse.ts'),
    import('../../seal/pkcs1.ts'),
    import('../../backend/select.ts').then(({ selectBackend }) => selectBackend()),
  ]);
  const parsed = parseEitherKey(key, CAPGO_BITS);
  const isPublicHalf = isPublic();
  if (!isPublicHalf) await checkPrimes(parsePrivateKey(key, 'privateKey', CAPGO_BITS));
  const bits = parsed.n.toString(2).length;
  const isCapgo = bits < MODULUS_BITS.min;
  return {
    half: isPublicHalf ? 'public' : 'private',
    format: formatOf(key),
    bits,
    wire: isCapgo ? 'capgo' : 'sealed',
    keyId: isCapgo ? capgoKeyIdOf(parsed) : await keyIdOf(backend, parsed),
  };

  function isPublic(): boolean {
    try {
      parsePublicKey(key, 'publicKey', CAPGO_BITS);
      return true;
    } catch {
      // The key has just been read successfully, so it must be the other half.
      return false;
    }
  }
}

function formatOf(key: KeyValue): string {
  if (key instanceof Uint8Array) return 'DER';
  if (typeof key !== 'string') return 'JWK';
  const label = /-----BEGIN ([A-Z ]+)-----/.exec(key)?.[1] ?? '';
  const names: Record<string, string> = {
    'PRIVATE KEY': 'PKCS#8 PEM',
    'ENCRYPTED PRIVATE KEY': 'PKCS#8 PEM',
    'PUBLIC KEY': 'SubjectPublicKeyInfo PEM',
    'RSA PRIVATE KEY': 'PKCS#1 PEM',
    'RSA PUBLIC KEY': 'PKCS#1 PEM',
  };
  return names[label] ?? 'PEM';
}
