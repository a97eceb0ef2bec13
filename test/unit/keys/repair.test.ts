// Keys as CI variables, shells, editors and web forms hand them on.

import { describe, expect, it } from 'vitest';
import { keygen as capgoKeygen, keyId as capgoKeyId } from '../../../src/capgo.ts';
import { decryptBundle, encryptBundle, keyId, publicKeyOf } from '../../../src/index.ts';
import { parsePrivateKey, parsePublicKey } from '../../../src/keys/parse.ts';
import { repairKeyText } from '../../../src/keys/repair.ts';
import { rejection } from '../../support/errors.ts';
import { certificate, derOf, expectNoKeyMaterial } from '../../support/keys.ts';
import { keyB } from '../../support/vectors.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), littleEndian);
  return new Uint8Array(view.buffer);
}

/** The same PEM after each kind of damage, and the message about its repair. */
function mangled(pem: string): [string, string | Uint8Array, RegExp][] {
  const lines = pem.trim().split('\n');
  const each = (change: (line: string) => string, by = '\n') => lines.map(change).join(by);
  return [
    ['line breaks as \\\\n', pem.replaceAll('\n', '\\\\n'), /written as \\n/],
    ['line breaks as \\\\r\\\\n', pem.replaceAll('\n', '\\\\r\\\\n'), /written as \\n/],
    ['line breaks as \\u000a', pem.replaceAll('\n', '\\u000a'), /written as \\n/],
    ['line breaks as %0A', pem.replaceAll('\n', '%0A'), /percent-encoded/],
    ['line breaks as %0D%0A', pem.replaceAll('\n', '%0D%0A'), /percent-encoded/],
    ['line breaks as %250A', pem.replaceAll('\n', '%250A'), /percent-encoded/],
    ['all of it percent-encoded', encodeURIComponent(pem), /percent-encoded/],
    ['a form encoded it', new URLSearchParams({ k: pem }).toString().slice(2), /percent-encoded/],
    ['line breaks as n', pem.replaceAll('\n', 'n'), /letter n/],
    ['line breaks as n, but the last', pem.trim().replaceAll('\n', 'n'), /letter n/],
    ['line breaks as rn', pem.replaceAll('\n', 'rn'), /letter n/],
    ['spaces for line breaks', lines.join(' '), /spaces/],
    ['tabs for line breaks', lines.join('\t'), /spaces/],
    ['no line breaks', lines.join(''), /lost/],
    ['double quotes', `"${pem}"`, /quotes/],
    ['single quotes', `'${pem}'`, /quotes/],
    ['smart quotes', `\u201c${pem}\u201d`, /quotes/],
    ['a JSON string', JSON.stringify(pem), /quotes/],
    ['a line of .env', `KEY="${pem.replaceAll('\n', '\\n')}"`, /other text/],
    ['a line of .env with base64', `KEY=${btoa(pem)}`, /variable/],
    ['an exported variable with base64', `export KEY="${btoa(pem)}"`, /variable/],
    ['no-break spaces', pem.replaceAll(' ', '\u00a0'), /spaces were not ASCII/],
    ['no-break spaces of Windows-1252', latin1(pem.replaceAll(' ', '\u00a0')), /not ASCII/],
    ['lines of quoted text', each((line) => `"${line}\\n" +`), /quotes/],
    ['lines that a backslash continues', each((line) => `${line}\\`), /quotes/],
    ['base64 over the whole', btoa(pem), /base64/],
    ['base64 in lines', btoa(pem).replace(/.{76}/g, '$&\n'), /base64/],
    ['base64 without padding', btoa(pem).replace(/=+$/, ''), /base64/],
    ['base64 twice', btoa(btoa(pem)), /base64/],
    ['base64 of CR LF text in UTF-16', btoa(String.fromCharCode(...utf16(pem, true))), /base64/],
    ['no BEGIN and END lines', lines.slice(1, -1).join('\n'), /base64/],
    ['base64 of its DER', lines.slice(1, -1).join(''), /base64/],
    [
      'text before it',
      `Bag Attributes\n    friendlyName: k\nKey Attributes: <No>\n${pem}`,
      /other/,
    ],
    ['the certificates of a chain after it', pem + certificate + certificate, /certificates/],
    [
      'a certificate and attributes before it, as PKCS#12 of OpenSSL',
      `Bag Attributes\n    friendlyName: my-key\n${certificate}Bag Attributes\n${pem}`,
      /certificates/,
    ],
    [
      'certificates in the labels of older versions of OpenSSL',
      `${certificate.replaceAll('CERT', 'X509 CERT')}${certificate.replaceAll('CERT', 'TRUSTED CERT')}${pem}`,
      /certificates/,
    ],
    [
      'a certificate after it, and line breaks as \\n',
      `${pem}${certificate}`.replaceAll('\n', '\\n'),
      /certificates/,
    ],
    ['text around it', `my key:\n${pem}\nend`, /other text/],
    ['HTML entities', pem.replaceAll('+', '&#43;').replaceAll('/', '&#x2F;'), /HTML|^$/],
    ['<br>', pem.replaceAll('\n', '<br>\n'), /HTML/],
    ['en dashes of Unicode', pem.replaceAll('-----', '\u2013\u2013\u2013'), /dashes/],
    ['em dashes, as two hyphens become', pem.replaceAll('-----', '\u2014\u2014-'), /dashes/],
    ['a dash too few', pem.replace('-----BEGIN', '----BEGIN'), /dashes/],
    ['zero-width spaces', each((line) => `${line}\u200b`), /invisible/],
    ['a byte order mark within', `x \ufeff${pem}`, /invisible/],
    ['escaped slashes', pem.replaceAll('/', '\\/'), /written as \\n|^$/],
    ['UTF-16LE with a mark', utf16(`\ufeff${pem.replaceAll('\n', '\r\n')}`, true), /UTF-16/],
    ['UTF-16BE with a mark', utf16(`\ufeff${pem}`, false), /UTF-16/],
    ['UTF-8 with a mark', utf8(`\ufeff${pem}`), /^$/],
    ['UTF-8 with smart quotes', utf8(`\u2018${pem}\u2019`), /quotes/],
    ['en dashes of Windows-1252', latin1(pem.replaceAll('-----', '\u0096\u0096')), /dashes/],
  ];
}

const { kty, n, e } = keyB.jwk;

describe.each([
  ['PKCS#8', keyB.pkcs8],
  ['PKCS#1', keyB.pkcs1],
] as const)('a private key in %s', (_, pem) => {
  const genuine = parsePrivateKey(pem);

  it.each(mangled(pem))('is read with %s', async (_how, input, what) => {
    expect(parsePrivateKey(input)).toEqual(genuine);
    expect(await publicKeyOf(input)).toBe(keyB.spki);
    if (typeof input === 'string') expect(repairKeyText(input).repairs.join()).toMatch(what);
  });
});

describe.each([
  ['SubjectPublicKeyInfo', keyB.spki],
  ['PKCS#1', keyB.pkcs1Public],
] as const)('a public key in %s', (_, pem) => {
  it.each(mangled(pem))('is read with %s', async (_how, input) => {
    expect(parsePublicKey(input)).toEqual(parsePublicKey(keyB.spki));
    expect(await keyId(input)).toBe(keyB.keyId);
  });
});

describe('a key in UTF-16 without a byte order mark', () => {
  it.each([true, false])('is refused by that name, little-endian: %s', async (littleEndian) => {
    const error = await rejection(keyId(utf16(keyB.spki, littleEndian)), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(/UTF-16.*save the file as UTF-8/);
  });
});

describe('a repaired key', () => {
  it('is accepted by encryptBundle and decryptBundle', async () => {
    const plain = Uint8Array.of(1, 2, 3);
    const privateKey = keyB.pkcs8.replaceAll('\n', 'n');
    const { bytes } = await encryptBundle(plain, { privateKey });
    const publicKey = keyB.spki.replaceAll('\n', '%0A');
    expect(await decryptBundle(bytes, { publicKey })).toEqual(plain);
  });

  it("may be Capgo's", async () => {
    const pair = await capgoKeygen();
    expect(capgoKeyId(pair.publicKey.replaceAll('\n', '\\\\n'))).toBe(pair.keyId);
  });

  it('may be a JWK as text', async () => {
    expect(parsePrivateKey(JSON.stringify(keyB.jwk))).toEqual(parsePrivateKey(keyB.pkcs8));
    expect(await keyId(` ${JSON.stringify({ kty, n, e }, null, 2)}\n`)).toBe(keyB.keyId);
    expect(parsePublicKey(btoa(keyB.spki))).toEqual(parsePublicKey({ kty, n, e }));
  });

  it.each([
    ['in quotes, as a JSON string', (text) => JSON.stringify(text), 'its quotes were escaped'],
    ['as a JSON string in JSON', (text) => JSON.stringify(JSON.stringify(text)), 'escaped'],
    ['in base64', btoa, 'base64'],
    ['in base64 of a line of .env', (text) => `KEY=${btoa(text)}`, 'base64'],
    ['percent-encoded', encodeURIComponent, 'percent-encoded'],
    ['with no-break spaces', (text) => text.replaceAll(' ', '\u00a0'), 'not ASCII'],
  ] as [string, (text: string) => string, string][])('may be a JWK %s', (_, change, repair) => {
    const given = change(JSON.stringify(keyB.jwk, undefined, 2));
    expect(repairKeyText(given).repairs.join()).toContain(repair);
    expect(parsePrivateKey(given)).toEqual(parsePrivateKey(keyB.pkcs8));
  });

  it('is reported step by step', () => {
    const given = `"${btoa(keyB.spki.replaceAll('\n', '\\\\n'))}"`;
    expect(repairKeyText(given)).toEqual({
      text: keyB.spki,
      repairs: [
        'it was in quotes',
        'the whole text was base64',
        'its line breaks were written as \\n',
      ],
    });
  });

  it('is not reported for a key that needs no repair', () => {
    for (const pem of [keyB.spki, keyB.pkcs8, keyB.pkcs1.replaceAll('\n', '\r\n')]) {
      expect(repairKeyText(pem)).toEqual({ text: pem.trim(), repairs: [] });
    }
  });

  it('is never guessed: a lost line and a changed character are refused', async () => {
    const spoilt = [
      keyB.pkcs8.replace(/\n.{64}\n/, '\n').replaceAll('\n', '\\\\n'),
      keyB.pkcs8.replaceAll('\n', 'n').replace(/n(.{60})....n/, 'n$1n'),
      `"${keyB.pkcs8.slice(0, 500)}`,
      btoa(keyB.pkcs8.slice(0, -300)),
      keyB.pkcs8 + keyB.spki,
      keyB.pkcs8 + certificate + keyB.pkcs1,
      keyB.pkcs8 + certificate.replace(/-----END.*/, ''),
    ];
    for (const input of spoilt) {
      const error = await rejection(publicKeyOf(input), 'ERR_KEY_INVALID');
      expectNoKeyMaterial(error, input);
    }
  });

  it('is not looked for in a path, a word or a text of another kind', () => {
    for (const text of ['C:\\new\\release\\key.pem', 'password', '"a"', 'x%0Ay', '']) {
      expect(repairKeyText(text)).toEqual({ text, repairs: [] });
    }
    expect(() => parsePublicKey(derOf(keyB.spki).slice(1))).toThrow(/not a PEM key/);
  });
});

it.each(['-', '=', '"', '\\', 'A'])(
  'repairKeyText looks at 64 KiB of %s in time proportional to them',
  (sign) => {
    // Tried anew from each sign, it took half a minute.
    expect(repairKeyText(`A${sign.repeat(65_000)}A`).text).toContain('A');
  },
  // A thousand times as long as it takes.
  5_000,
);
