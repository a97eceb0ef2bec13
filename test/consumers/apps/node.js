import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keygen } from 'bundleseal';
import { keygen as keygenCapgo } from 'bundleseal/capgo';
import { decryptFile as decryptCapgo, encryptFile as encryptCapgo } from 'bundleseal/capgo/node';
import { decryptFile, encryptFile } from 'bundleseal/node';

const folder = await mkdtemp(join(tmpdir(), 'bundleseal-bundled-'));
const at = (name) => join(folder, name);
try {
  await writeFile(at('plain'), new Uint8Array(100_000));
  const sealing = await keygen({ modulusBits: 3072 });
  await encryptFile(at('plain'), at('sealed'), { privateKey: sealing.privateKey });
  await decryptFile(at('sealed'), at('opened'), { publicKey: sealing.publicKey });
  const { privateKey, publicKey } = await keygenCapgo();
  const { ivSessionKey, checksum } = await encryptCapgo(at('plain'), at('capgo'), { privateKey });
  await decryptCapgo(at('capgo'), at('again'), { publicKey, ivSessionKey, checksum });
} finally {
  await rm(folder, { recursive: true });
}
console.log('WORKS');
