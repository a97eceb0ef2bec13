// Private keys under a passphrase: what Node and OpenSSL write is read, and the other way round.

import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodePkcs8 } from '../../../src/keys/encode.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { encryptPrivateKey, isProtected } from '../../../src/keys/passphrase.ts';
import { decryptPrivateKey } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import { certificate, encryptedPkcs8, rsa2048Pkcs8 } from '../../support/keys.ts';
import { keyB } from '../../support/vectors.ts';

const PASSPHRASE = 'größer als 12 Zeichen';
const privateKey = createPrivateKey(keyB.pkcs8);
const plain = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const der = privateKey.export({ type: 'pkcs8', format: 'der' });

const pkcs8 = (cipher = 'aes-256-cbc') =>
  privateKey.export({ type: 'pkcs8', format: 'pem', cipher, passphrase: PASSPHRASE }) as string;
const withHeaders = privateKey.export({
  ...{ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: PASSPHRASE },
} as const) as string;
const asDer = privateKey.export({
  ...{ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: PASSPHRASE },
} as const);

const open = (key: string | Uint8Array, passphrase = PASSPHRASE) =>
  decryptPrivateKey(key, { passphrase });

/** A protected key whose derivation has other parameters: the bytes are of the same length. */
const altered = (from: string, to: string) => {
  const hex = Buffer.from(asDer).toString('hex');
  expect(hex.split(from)).toHaveLength(2);
  return Buffer.from(hex.replace(from, to), 'hex');
};

describe('a private key under a passphrase', () => {
  it.each<[string, string | Uint8Array]>([
    ['PKCS#8 in PEM', pkcs8()],
    ['PKCS#8 in PEM with another cipher', pkcs8('des-ede3-cbc')],
    ['PKCS#8 in DER', asDer],
    ['the bytes of a PEM file', Buffer.from(pkcs8())],
    ['the older PEM with headers', withHeaders],
    ['the older PEM with line breaks of Windows', withHeaders.replaceAll('\n', '\r\n')],
    ['line breaks written as \\n', pkcs8().replaceAll('\n', '\\n')],
    ['PKCS#8 in PEM before a certificate', pkcs8() + certificate],
    ['the older PEM after a certificate', certificate + withHeaders],
    ['spaces in place of line breaks', pkcs8().replaceAll('\n', ' ')],
  ])('is opened from %s', async (_, key) => {
    expect(isProtected(key)).toBe(true);
    expect(await open(key)).toBe(plain);
  });

  it('is not opened by another passphrase, and neither the passphrase nor the key is in the error', async () => {
    for (const key of [pkcs8(), asDer, withHeaders]) {
      for (const other of ['correct horse', `${PASSPHRASE} `, PASSPHRASE.toUpperCase()]) {
        const { message } = await rejection(open(key, other), 'ERR_KEY_INVALID');
        expect(message).toMatch(/^the passphrase does not open the private key/);
        expect(message).not.toContain(other.trim());
      }
    }
  });

  it('is refused if it is damaged, or decrypted to the right key', async () => {
    const cut = pkcs8().replace(/[A-Za-z0-9+/]{64}\n/, '');
    await rejection(open(cut), 'ERR_KEY_INVALID');
    await rejection(open(asDer.subarray(0, -1)), 'ERR_KEY_INVALID');
    let whole = 0;
    for (let at = 0; at < 80; at++) {
      const damaged = Uint8Array.from(asDer);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      const opened = await open(damaged).catch((error: unknown) => error);
      if (opened === plain) whole += 1;
      else expect(opened).toMatchObject({ code: 'ERR_KEY_INVALID' });
    }
    // OpenSSL reads over a version of PKCS#8 that is another one.
    expect(whole).toBeLessThan(4);
  });

  it('is refused if no passphrase protects it', async () => {
    for (const key of [plain, der, '', 'correct horse', new Uint8Array(), rsa2048Pkcs8]) {
      expect(isProtected(key)).toBe(false);
      const { message } = await rejection(open(key), 'ERR_KEY_INVALID');
      expect(message).toMatch(/not protected by a passphrase/);
    }
  });

  it('is refused before work that would take minutes', async () => {
    // The 2,048 iterations that Node writes, and 2,147,483,647 in as many bytes with the salt one shorter.
    const salted = /0408([0-9a-f]{16})02020800/.exec(Buffer.from(asDer).toString('hex'));
    const longer = /0410([0-9a-f]{32})02020800/.exec(Buffer.from(asDer).toString('hex'));
    const [from, salt] = (salted ?? longer) as unknown as [string, string];
    const length = (salt.length / 2 - 2).toString(16).padStart(2, '0');
    const key = altered(from, `04${length}${salt.slice(4)}02047fffffff`);
    const { message } = await rejection(open(key), 'ERR_KEY_INVALID');
    expect(message).toMatch(/would take minutes/);

    const ours = Buffer.from(
      (await encryptPrivateKey(der, PASSPHRASE)).split('\n').slice(1, -2).join(''),
      'base64',
    );
    const hex = ours.toString('hex');
    // N = 16384, r = 8, p = 5 becomes r = 127, p = 127.
    expect(hex).toContain('02024000020108020105');
    const costly = Buffer.from(
      hex
        .replace('020240000201080201', '0202400002017f0201')
        .replace('02017f020105', '02017f02017f'),
      'hex',
    );
    expect((await rejection(open(costly), 'ERR_KEY_INVALID')).message).toMatch(
      /would take minutes/,
    );
  });

  it('is refused if another PEM block precedes it, because OpenSSL would skip that block', async () => {
    const first =
      '-----BEGIN X PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END X PRIVATE KEY-----\n';
    await rejection(open(first + pkcs8()), 'ERR_KEY_INVALID');
    expect(() => parsePrivateKey(first + pkcs8())).toThrow(/more than one PEM block/);
  });

  it('is refused because of its cipher if OpenSSL has dropped that cipher', async () => {
    // PBES1 with DES and MD5 (RFC 8018 appendix A.3).
    const hex = '301a06092a864886f70d010503300d0408aabbccddeeff001102010104081122334455667788';
    const key = Buffer.from(`30${(hex.length / 2).toString(16)}${hex}`, 'hex');
    const { message } = await rejection(open(key), 'ERR_KEY_INVALID');
    expect(message).toMatch(/protected by a cipher that is not supported/);
  });

  it('is written as PKCS#8 that Node opens, with another salt each time', async () => {
    const one = await encryptPrivateKey(der, PASSPHRASE);
    const two = await encryptPrivateKey(der, PASSPHRASE);
    expect(one).not.toBe(two);
    for (const pem of [one, two]) {
      expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
      expect(createPrivateKey({ key: pem, passphrase: PASSPHRASE }).equals(privateKey)).toBe(true);
      expect(await open(pem)).toBe(plain);
    }
    expect(encodePkcs8(parsePrivateKey(await open(one)))).toEqual(Uint8Array.from(der));
  });

  it('is named as such by calls that accept no passphrase', () => {
    expect(() => parsePrivateKey(pkcs8())).toThrow(/encrypted private key/);
    expect(isProtected(encryptedPkcs8)).toBe(true);
  });

  it('requires a passphrase of type string, and a key of bytes or text', async () => {
    const key = pkcs8();
    for (const passphrase of ['', undefined, 12, new Uint8Array(3)] as never[]) {
      await expect(decryptPrivateKey(key, { passphrase })).rejects.toThrow(TypeError);
    }
    await expect(decryptPrivateKey({} as never, { passphrase: 'x' })).rejects.toThrow(TypeError);
    await expect(decryptPrivateKey(key, { passphrase: 'x', more: 1 } as never)).rejects.toThrow(
      TypeError,
    );
  });
});
