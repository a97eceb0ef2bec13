// The cases. Each has two classes of inputs whose times must be indistinguishable, and a control that does the same
// job badly. The control must be distinguishable, because otherwise the run could not detect anything. Bundled from
// src/.

import { nobleBackend } from '../../src/backend/noble.ts';
import { bytesToInteger, equalBytes, integerToBytes } from '../../src/bytes.ts';
import { decryptBundle, encryptBundle, keygen as keygenCapgo } from '../../src/capgo.ts';
import { parsePrivateKey, parsePublicKey } from '../../src/keys/parse.ts';
import { privateOperation } from '../../src/seal/arithmetic.ts';
import { encodeBlock } from '../../src/seal/pkcs1.ts';
import { recoverSeal } from '../../src/seal/seal.ts';
import { unblinded } from './control-rsa.js';

const random = (length) => crypto.getRandomValues(new Uint8Array(length));

/** These inputs have to be refused. */
const refused = (work) => async () => {
  try {
    await work();
  } catch {}
};

function comparison() {
  const secret = random(512);
  const early = secret.slice();
  early[0] ^= 1;
  const late = secret.slice();
  late[511] ^= 1;
  const leave = (x, y) => {
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
    return true;
  };
  const batch = 200;
  return [
    {
      name: 'comparison of 512 bytes: the first byte differs, the last one does',
      classes: { a: () => equalBytes(secret, early), b: () => equalBytes(secret, late) },
      control: { a: () => leave(secret, early), b: () => leave(secret, late) },
      samples: 20_000,
      batch,
    },
  ];
}

function recovery({ privateKey, publicKey }) {
  const key = parsePublicKey(publicKey);
  const secret = parsePrivateKey(privateKey);
  const length = 384;
  const headDigest = random(32);
  const signatureOver = (at) => {
    const block = encodeBlock(random(104), length);
    block.set(new TextEncoder().encode('BNDLSEAL'), length - 104);
    block.set(headDigest, length - 32);
    block[at] ^= 1;
    return integerToBytes(privateOperation(secret, bytesToInteger(block), random), length);
  };
  const [early, late] = [signatureOver(5), signatureOver(length - 1)];
  const recover = (signature) =>
    refused(() => recoverSeal(nobleBackend, key, signature, headDigest));
  return [
    {
      name: 'recovery of a seal: the padding is wrong at its start, the last byte of the payload is',
      classes: { a: recover(early), b: recover(late) },
      // The control parses the padding and continues only if it is correct.
      control: {
        a: refused(() => recoverSeal(nobleBackend, key, early, headDigest)),
        b: refused(async () => {
          await recoverSeal(nobleBackend, key, late, headDigest).catch(() => {});
          await nobleBackend.sha256(new Uint8Array(4096));
        }),
      },
      samples: 1500,
    },
  ];
}

async function padding(backend) {
  const { privateKey, publicKey } = await keygenCapgo();
  const made = await encryptBundle(random(65_536), { privateKey });
  const { bundle: encrypted, ivSessionKey, checksum } = made;
  const body = encrypted.slice();
  body[0] ^= 0x80;
  const end = encrypted.slice();
  end[end.length - 17] ^= 0x80;
  const options = { publicKey, ivSessionKey, checksum, backend };
  const open = (bytes) => refused(() => decryptBundle(bytes, options));
  const iv = random(16);
  const key = await crypto.subtle.generateKey({ name: 'AES-CBC', length: 128 }, false, ['decrypt']);
  // About one in 256 random inputs has correct padding.
  const padded = async (right) => {
    for (;;) {
      const bytes = random(65_536);
      const isRight = await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, bytes).then(
        () => true,
        () => false,
      );
      if (isRight === right) return bytes;
    }
  };
  const naive = (bytes) =>
    refused(async () => {
      const opened = await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, bytes);
      await crypto.subtle.digest('SHA-256', opened);
    });
  return {
    name: `Capgo's format by ${backend}, 64 KiB: the padding is wrong, the body is`,
    classes: { a: open(end), b: open(body) },
    // The control hashes only after correct padding.
    control: { a: naive(await padded(false)), b: naive(await padded(true)) },
    samples: backend === 'noble' ? 400 : 2000,
  };
}

function signing({ privateKey }) {
  const key = parsePrivateKey(privateKey);
  // A message whose powers stay short: the slowest and the fastest multiplications there are.
  const fixed = 2n;
  const message = () => bytesToInteger(random(384)) % key.n;
  return [
    {
      name: 'RSA private operation in JavaScript, blinded: one message, a random one each time',
      classes: {
        a: () => privateOperation(key, fixed, random),
        b: () => privateOperation(key, message(), random),
      },
      control: { a: () => unblinded(key, fixed), b: () => unblinded(key, message()) },
      samples: 400,
    },
  ];
}

/** @param {{ privateKey: string, publicKey: string }} pair RSA-3072 */
export async function casesFor(pair) {
  return [
    ...comparison(),
    ...recovery(pair),
    await padding('node'),
    await padding('webcrypto'),
    await padding('noble'),
    ...signing(pair),
  ];
}
