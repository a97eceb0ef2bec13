import { decryptBundle, encryptBundle, keygen } from 'bundleseal/capgo';

const { privateKey, publicKey } = await keygen({ backend: 'webcrypto' });
for (const backend of ['webcrypto', 'noble']) {
  const made = await encryptBundle(new Uint8Array(100), { privateKey, backend });
  const { bundle, ivSessionKey, checksum } = made;
  const opened = await decryptBundle(bundle, { publicKey, ivSessionKey, checksum, backend });
  if (opened.length !== 100) throw new Error(backend);
}
console.log('WORKS');
