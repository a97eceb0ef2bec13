import { decryptBundle, decryptStream, encryptBundle, keygen, openBundle } from 'bundleseal';

const { privateKey, publicKey } = await keygen({ modulusBits: 3072, backend: 'webcrypto' });
for (const backend of ['webcrypto', 'noble']) {
  const { bytes } = await encryptBundle(new Uint8Array(10_000).fill(7), { privateKey, backend });
  const opened = await decryptBundle(bytes, { publicKey, backend });
  const reader = await openBundle(bytes, { publicKey, backend });
  const part = await reader.read(9000, 10);
  const streamed = await new Response(
    decryptStream(new Blob([bytes]).stream(), { publicKey, backend }),
  ).arrayBuffer();
  if (opened[9999] !== 7 || part[9] !== 7 || streamed.byteLength !== 10_000)
    throw new Error(backend);
}
console.log('WORKS');
