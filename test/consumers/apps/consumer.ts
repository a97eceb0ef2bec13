import {
  type BundleInfo,
  BundleSealError,
  decryptBundle,
  encryptBundle,
  encryptStream,
  keygen,
  openBundle,
  type Signer,
} from 'bundleseal';
import { encryptBundle as encryptCapgo, type ManifestEntry } from 'bundleseal/capgo';
import { encryptFile as encryptCapgoFile } from 'bundleseal/capgo/node';
import { decryptFile, unzipFile, zipDirectory } from 'bundleseal/node';
import { bundleseal } from 'bundleseal/vite';
import { unzipStream, zipBundle } from 'bundleseal/zip';

export async function use(signer: Signer, entry: ManifestEntry): Promise<Blob> {
  const { privateKey, publicKey, keyId } = await keygen({ modulusBits: 3072 });
  const zip = await zipBundle({ 'a.txt': new Uint8Array(3) });
  const { bytes, seal } = await encryptBundle(zip, {
    privateKey: signer,
    metadata: { sequence: 1 },
  });
  const opened: Uint8Array = await decryptBundle(bytes, { publicKey, expect: { minSequence: 1 } });
  const reader = await openBundle(bytes, { publicKey });
  const info: BundleInfo = reader.info;
  const { body } = encryptStream(new Blob([bytes, opened as never]).stream() as never, {
    privateKey,
  });
  for await (const { path } of unzipStream(body)) console.log(path);
  const { checksum } = await encryptCapgo(zip, { privateKey });
  await encryptCapgoFile('a', 'b', { privateKey });
  await decryptFile('a', 'b', { publicKey, seal });
  await zipDirectory('a', 'b');
  await unzipFile('a', 'b');
  const plugin = bundleseal({ privateKey, onSealed: ({ output }) => console.log(output) });
  console.log(plugin.name);
  try {
    reader.close();
  } catch (error) {
    if (error instanceof BundleSealError && error.code === 'ERR_FILE') console.log(error.path);
  }
  // @ts-expect-error: no such option.
  await decryptBundle(bytes, { publicKey, fallback: true });
  console.log(keyId, checksum, info.size, entry.file_name);
  return new Blob([bytes]);
}
