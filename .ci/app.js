// Seals and opens with the packed package, in a folder where nothing else is installed.

import { decryptBundle, encryptBundle, keygen } from 'bundleseal';

const { privateKey, publicKey } = await keygen();
const { bytes } = await encryptBundle(new Uint8Array(1e6).fill(7), { privateKey });
const opened = await decryptBundle(bytes, { publicKey });
if (opened.length !== 1e6 || opened.some((byte) => byte !== 7)) process.exit(1);
console.log('sealed and opened by the packed package');
