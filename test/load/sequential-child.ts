// Seals and opens as many bundles as it is told, one after the other, and prints the memory in use.

import { decryptBundle, encryptBundle } from '../../src/index.ts';
import { keyB } from '../support/vectors.ts';

const [count, mode] = [Number(process.argv[2]), process.argv[3]];
const LENGTH = 3000;
const left: Uint8Array[] = [];
const used: number[] = [];
let opened = 0;
for (let i = 0; i < count; i++) {
  const plain = new Uint8Array(LENGTH).fill(i);
  const { bytes } = await encryptBundle(plain, { privateKey: keyB.pkcs8 });
  const back = await decryptBundle(bytes, { publicKey: keyB.spki });
  if (back.length === LENGTH && back[LENGTH - 1] === (i & 255)) opened++;
  if (mode === 'leak') left.push(back);
  if ((i + 1) % (count / 10) === 0) {
    (globalThis as { gc?: () => void }).gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    used.push(heapUsed + arrayBuffers);
  }
}
console.log(JSON.stringify({ opened, used, left: left.length }));
