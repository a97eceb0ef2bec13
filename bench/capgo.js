// @ts-check
// Capgo's format: beside the functions of Capgo's own command line, and in Chromium beside bare crypto.subtle.

import { createHash, randomFillSync } from 'node:crypto';
import { decryptBundle, encryptBundle, keygen } from '../dist/capgo.js';
import { hasBrowser, withPage } from './browser.js';
import { loadCapgo } from './capgo-own.js';
import { mustAgree, sameBytes } from './format.js';
import { TARGETS } from './targets.js';
import { interleave } from './timing.js';

const MIB = 2 ** 20;
const SIZE_MIB = 64;

/** @typedef {import('./capgo-own.js').CapgoFunctions} CapgoFunctions */
/** @typedef {Awaited<ReturnType<typeof keygen>>} KeyPair */

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {{ effort: number }} settings */
export async function measureCapgo(report, { effort }) {
  const pair = await keygen();
  await measureOnNode(report, pair, Math.ceil(15 * effort));
  if (!hasBrowser(report)) return;
  await withPage('capgo-page.js', async (inPage, version) => {
    report.begin('capgo-chromium', `Capgo's format in Chromium ${version}, webcrypto backend`);
    const rounds = Math.ceil(15 * effort);
    const size = SIZE_MIB * MIB;
    const { encrypt, decrypt } = await inPage('measureCapgo', { ...pair, size, rounds });
    const options = { bytes: size, target: TARGETS.capgoChromiumRatio };
    report.compare(`encryptBundle ${SIZE_MIB} MiB`, encrypt, options);
    report.compare(`decryptBundle ${SIZE_MIB} MiB`, decrypt, options);
  });
}

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {KeyPair} pair @param {number} rounds */
async function measureOnNode(report, pair, rounds) {
  const capgo = await loadCapgo();
  if (capgo === undefined) {
    report.skip(
      "Capgo's functions: they are not here; npm install --ignore-scripts --prefix test/interop/capgo",
    );
    return;
  }
  await crossCheck(capgo, pair);
  report.begin(
    'capgo',
    `Capgo's format on Node, beside the functions of @capgo/cli ${capgo.version}`,
  );
  const zip = randomFillSync(Buffer.alloc(SIZE_MIB * MIB));
  const made = encryptByCapgo(capgo, zip, pair);
  const options = { bytes: zip.length, target: TARGETS.capgoRatio };
  const encrypting = {
    bundleseal: () => encryptBundle(zip, pairHalf(pair, 'privateKey')),
    '@capgo/cli': () => encryptByCapgo(capgo, zip, pair),
  };
  report.compare(
    `encryptBundle ${SIZE_MIB} MiB`,
    await interleave(encrypting, { rounds, warmUps: 2 }),
    options,
  );
  const { bundle, ...received } = made;
  const decrypting = {
    bundleseal: () => decryptBundle(bundle, { ...pairHalf(pair, 'publicKey'), ...received }),
    '@capgo/cli': () => decryptByCapgo(capgo, made, pair),
  };
  report.compare(
    `decryptBundle ${SIZE_MIB} MiB`,
    await interleave(decrypting, { rounds, warmUps: 2 }),
    options,
  );
}

/** @template {keyof KeyPair} K @param {KeyPair} pair @param {K} name @returns {Pick<KeyPair, K>} */
function pairHalf(pair, name) {
  return /** @type {any} */ ({ [name]: pair[name] });
}

/** Calls the functions that its `bundle encrypt` calls between reading and writing. @param {CapgoFunctions} capgo @param {Buffer} zip @param {KeyPair} pair */
function encryptByCapgo(capgo, zip, { privateKey }) {
  const { sessionKey, ivSessionKey } = capgo.generateSessionKey(privateKey);
  const bundle = capgo.encryptSource(zip, sessionKey, ivSessionKey);
  const checksum = capgo.encryptChecksumV3(sha256(zip), privateKey);
  return { bundle, ivSessionKey, checksum };
}

/**
 * The work of Capgo's `bundle decrypt --checksum` between reading and writing.
 *
 * @param {CapgoFunctions} capgo @param {ReturnType<typeof encryptByCapgo>} sent @param {KeyPair} pair
 */
function decryptByCapgo(capgo, { bundle, ivSessionKey, checksum }, { publicKey }) {
  const zip = capgo.decryptSource(bundle, ivSessionKey, publicKey);
  mustAgree(
    sha256(zip) === capgo.decryptChecksumV3(checksum, publicKey),
    "Capgo's functions do not give the checksum that was signed",
  );
  return zip;
}

/** @param {Buffer} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param {CapgoFunctions} capgo @param {KeyPair} pair */
async function crossCheck(capgo, pair) {
  const zip = randomFillSync(Buffer.alloc(MIB + 1));
  const byUs = await encryptBundle(zip, { privateKey: pair.privateKey });
  const opened = decryptByCapgo(capgo, { ...byUs, bundle: Buffer.from(byUs.bundle) }, pair);
  mustAgree(sameBytes(opened, zip), "Capgo's functions do not open what the library encrypts");
  const { bundle, ...received } = encryptByCapgo(capgo, zip, pair);
  const back = await decryptBundle(bundle, { publicKey: pair.publicKey, ...received });
  mustAgree(sameBytes(back, zip), "the library does not open what Capgo's functions encrypt");
}
