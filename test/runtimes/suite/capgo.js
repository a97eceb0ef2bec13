import { decryptBundle, encryptBundle, keygen, keyId } from 'bundleseal/capgo';
import { base64, sample } from './bytes.js';
import { equal, equalBytes, refused } from './check.js';
import { withDraws } from './fixed-random.js';

export const DRAWS = [sample(16), sample(32).slice(16)];
export const plainOfCapgo = () => sample(70_001);

export function* tests({ vectors, backends }) {
  const { pair, bundle, sent } = vectors.capgo;
  const plain = plainOfCapgo();

  yield [
    'makes a key pair',
    async () => {
      const made = await keygen();
      equal(keyId(made.publicKey), made.keyId);
    },
  ];

  for (const backend of backends) {
    yield [
      `the same bytes from the same session key, ${backend}`,
      async () => {
        const options = { privateKey: pair.privateKey, backend };
        const made = await withDraws(DRAWS, () => encryptBundle(plain, options));
        equalBytes(made.bundle, base64(bundle));
        equal(made.ivSessionKey, sent.ivSessionKey);
        equal(made.checksum, sent.checksum);
      },
    ];
    yield [
      `opens, ${backend}`,
      async () => {
        const { ivSessionKey, checksum } = sent;
        const options = { publicKey: pair.publicKey, ivSessionKey, checksum, backend };
        equalBytes(await decryptBundle(base64(bundle), options), plain);
        const altered = base64(bundle);
        altered[70_000] ^= 1;
        await refused(() => decryptBundle(altered, options), 'ERR_CHECKSUM_MISMATCH');
      },
    ];
  }
}
