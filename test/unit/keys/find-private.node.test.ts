// Private keys in files that are about to be published: recognised whatever they are called and however they are written.

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPrivateKey, MAX_LOOKED_INTO } from '../../../src/keys/find-private.ts';
import { zipDirectory } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder } from '../../support/files.ts';
import { rsa2048Pkcs8 } from '../../support/keys.ts';

const rsa = {
  privateKey: createPrivateKey(rsa2048Pkcs8),
  publicKey: createPublicKey(rsa2048Pkcs8),
};
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const pem = (type: 'pkcs1' | 'pkcs8') => rsa.privateKey.export({ type, format: 'pem' }).toString();
const der = (type: 'pkcs1' | 'pkcs8') => rsa.privateKey.export({ type, format: 'der' });
const locked = { cipher: 'aes-256-cbc', passphrase: 'x' } as const;
const pkcs8 = pem('pkcs8');
const jwk = rsa.privateKey.export({ format: 'jwk' });
const block = (label: string, body: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(body).toString('base64')}\n-----END ${label}-----\n`;
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const base64 = (content: string | Uint8Array) => Buffer.from(content).toString('base64');
const openSsh = block(
  'OPENSSH PRIVATE KEY',
  Buffer.from(`openssh-key-v1\0${'none'.repeat(30)}`, 'latin1'),
);
// SEQUENCE { INTEGER 3, SEQUENCE { OID data } }
const pkcs12 = Buffer.from('3012020103300d06092a864886f70d010701a000', 'hex');

/** A line of 64 characters is 48 bytes. The bytes are those of a number in the key. */
const withLineLikeKey = (key: Uint8Array) => {
  const changed = Uint8Array.from(key);
  changed.set([0x30, 0x82, 0x01], 48 * 10);
  return changed;
};

const KEYS: Record<string, string | Uint8Array> = {
  'PKCS#8': pkcs8,
  'PKCS#1': pem('pkcs1'),
  'PKCS#8 of an EC key': ec.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  'PKCS#8 of an Ed25519 key': ed.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  'SEC 1': ec.privateKey.export({ type: 'sec1', format: 'pem' }),
  'an encrypted PKCS#8 key': rsa.privateKey.export({ type: 'pkcs8', format: 'pem', ...locked }),
  'an encrypted PKCS#8 key as DER': rsa.privateKey.export({
    type: 'pkcs8',
    format: 'der',
    ...locked,
  }),
  'an encrypted PKCS#1 key': rsa.privateKey.export({ type: 'pkcs1', format: 'pem', ...locked }),
  'PKCS#8 as DER': der('pkcs8'),
  'PKCS#1 as DER': der('pkcs1'),
  'SEC 1 as DER': ec.privateKey.export({ type: 'sec1', format: 'der' }),
  'a key after Bag Attributes': `Bag Attributes\n    friendlyName: x\n${pkcs8}`,
  'a key after its public half': `${rsa.publicKey.export({ type: 'spki', format: 'pem' })}${pkcs8}`,
  'a key with headers of RFC 1421': pkcs8.replace('-\n', '-\nComment: ab\n  cd\n\n'),
  'a key with CRLF': pkcs8.replaceAll('\n', '\r\n'),
  'a key on one line': pkcs8.replaceAll('\n', ' '),
  'a key with escaped line breaks': JSON.stringify(pkcs8),
  'a service account': JSON.stringify({ type: 'service_account', private_key: pkcs8 }),
  'an indented key': `key: |\n${pkcs8.replace(/^/gm, '    ')}`,
  'a key in source code': `const key = ${JSON.stringify(pkcs8)};\nstart(key);`,
  'a key as joined strings': pkcs8
    .trim()
    .split('\n')
    .map((line) => `'${line}\\n'`)
    .join(' +\n  '),
  'a key with a byte order mark': `\ufeff${pkcs8}`,
  'a key in UTF-16': Buffer.from(`\ufeff${pkcs8}`, 'utf16le'),
  'a key in UTF-16 without a mark': Buffer.from(pkcs8, 'utf16le'),
  'a key in big-endian UTF-16': Buffer.from(`\ufeff${pkcs8}`, 'utf16le').swap16(),
  'a key in base64 as a whole': Buffer.from(pkcs8).toString('base64'),
  'a .env file with both halves in base64': `PUBLIC=${base64(publicPem)}\nPRIVATE=${base64(pkcs8)}\n`,
  'a .env file with lines after the key': `PRIVATE=${base64(`${pkcs8}\n`)}\nNODE_ENV=production\nA=b`,
  'a list of both halves in base64': `${base64(publicPem)}\n${base64(pkcs8)}\n`,
  'a kubeconfig': `clusters:
- cluster:
    certificate-authority-data: ${base64(block('CERTIFICATE', new Uint8Array(600)))}
users:
- user:
    client-key-data: ${base64(pkcs8)}
`,
  'JSON with both halves in base64': JSON.stringify({
    public: base64(publicPem),
    private: base64(pkcs8),
  }),
  'a key in base64 lines that JSON escapes': JSON.stringify(
    base64(pkcs8).replace(/.{76}/g, '$&\n'),
  ),
  'a key in base64 of base64': `data: ${base64(base64(pkcs8))}\n`,
  'the DER of a key in base64': `PRIVATE=${base64(der('pkcs8'))}\nNODE_ENV=production\n`,
  'the DER of a key in lines of base64, one of which begins like a key': base64(
    withLineLikeKey(der('pkcs8')),
  ).replace(/.{64}/g, '$&\n'),
  'the DER of a key in source code': `const key = "${base64(der('pkcs1'))}";`,
  'the DER of both halves in base64': `${base64(rsa.publicKey.export({ type: 'spki', format: 'der' }))}\n${base64(der('pkcs8'))}\n`,
  'a JWK': JSON.stringify(jwk),
  'a JWK of an EC key': JSON.stringify(ec.privateKey.export({ format: 'jwk' })),
  'a symmetric JWK': JSON.stringify({ kty: 'oct', k: 'a'.repeat(43) }),
  'a set of JWKs': JSON.stringify({ keys: [jwk] }, undefined, 2),
  'a JWK in source code': `export const jwk = ${JSON.stringify(jwk).replace(/"(\w+)":/g, '$1: ')};`,
  'an OpenSSH key': openSsh,
  'an OpenPGP key': `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${'lQPGBF'.repeat(20)}\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----`,
  'a PuTTY key': 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n',
  'an age key': `# created\nAGE-SECRET-KEY-1${'Q'.repeat(58)}\n`,
  'a PKCS#12 key store': pkcs12,
  'a Java key store': Buffer.from('feedfeed0000000200000001', 'hex'),
};

const PUBLIC: Record<string, string | Uint8Array> = {
  nothing: '',
  'a public key': rsa.publicKey.export({ type: 'spki', format: 'pem' }),
  'a public key as PKCS#1': rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }),
  'a public key as DER': rsa.publicKey.export({ type: 'spki', format: 'der' }),
  'a public key in base64': `A=${base64(publicPem)}\nB=${base64(rsa.publicKey.export({ type: 'spki', format: 'der' }))}\nC=production`,
  'a public JWK': JSON.stringify(rsa.publicKey.export({ format: 'jwk' })),
  'source that names the armour': `if (text.includes('-----BEGIN PRIVATE KEY-----')) throw new Error('private');`,
  'source that writes the armour':
    "const pem = '-----BEGIN PRIVATE KEY-----\\n' + lines.map((line) => line.trim()).join('\\n') + '\\n-----END PRIVATE KEY-----';",
  'source with a template': `\`-----BEGIN RSA PRIVATE KEY-----\${${'wrap(body, 64), '.repeat(9)}}-----END RSA PRIVATE KEY-----\``,
  'an example that is cut':
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq...\n-----END PRIVATE KEY-----',
  'a pattern': 'const KEY = /-----BEGIN (RSA )?PRIVATE KEY-----([^-]*)-----END/;',
  'JSON with a "d"': JSON.stringify({ d: 'M0 0L10 10L20 20L30 30L40 40Z', kind: 'path' }),
  'a library that knows JWKs': 'if(t.kty==="RSA"&&t.d){let e={kty:"RSA",n:t.n,e:t.e}}',
  'an entry of ASN.1 that is no key': Buffer.from('3003020101', 'hex'),
};

const bytesOf = (content: string | Uint8Array) =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

describe('findPrivateKey', () => {
  it.each(Object.keys(KEYS))('finds %s under any name', (name) => {
    expect(findPrivateKey('assets/notes.txt', bytesOf(KEYS[name] as string))).toMatch(/key/);
  });

  it.each(Object.keys(PUBLIC))('passes %s', (name) => {
    expect(findPrivateKey('app.js', bytesOf(PUBLIC[name] as string))).toBeUndefined();
  });

  it.each([
    '.bundleseal_key',
    'a/.bundleseal_key',
    '.bundleseal_key.old',
    '.capgo_key_v2',
    'release.keystore',
    'a/upload.jks',
    'Cert.P12',
    'x.pfx',
  ])('knows %s by its name', (name) => {
    expect(findPrivateKey(name, new Uint8Array(MAX_LOOKED_INTO + 1))).toMatch(/key/);
  });

  it('accepts public keys and names that only resemble those of private ones', () => {
    for (const name of ['.bundleseal_key.pub', '.capgo_key_v2.pub', 'keystore.js', 'a.jks.md']) {
      expect(findPrivateKey(name, bytesOf(PUBLIC['a public key'] as string))).toBeUndefined();
    }
  });

  it('finds a key within any text', () => {
    const around = fc.string({ maxLength: 200 }).filter((text) => !text.includes('-----'));
    fc.assert(
      fc.property(around, around, (before, after) => {
        const text = `${before}\n${pkcs8}${after}`;
        return findPrivateKey('x', new TextEncoder().encode(text)) !== undefined;
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isDer) => {
        if (isDer) bytes[0] = 0x30;
        findPrivateKey('x', bytes);
      }),
    );
  });
});

describe('zipDirectory', () => {
  function folderWith(files: Record<string, string | Uint8Array>): { dir: string; out: string } {
    const root = makeFolder();
    for (const [name, content] of Object.entries(files)) {
      const place = join(root, 'dist', name);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, content);
    }
    return { dir: join(root, 'dist'), out: join(root, 'app.zip') };
  }

  it.each(['PKCS#8', 'a JWK', 'PKCS#8 as DER', 'a key in UTF-16'])(
    'refuses a folder with %s, names the file and writes nothing',
    async (name) => {
      const { dir, out } = folderWith({ 'index.html': 'x', 'a/b.txt': KEYS[name] as string });
      const error = await rejection(zipDirectory(dir, out), 'ERR_ARCHIVE_INVALID');
      expect(error).toMatchObject({ path: 'a/b.txt' });
      expect(String(error)).not.toContain(pkcs8.slice(100, 140));
      expect(readdirSync(dirname(out))).toEqual(['dist']);
    },
  );

  it('zips private keys if that is allowed, and does not search ignored files', async () => {
    const { dir, out } = folderWith({ 'index.html': 'x', 'demo.pem': pkcs8 });
    expect(await zipDirectory(dir, out, { privateKeys: 'allow' })).toMatchObject({ entries: 2 });
    expect(await zipDirectory(dir, out, { ignore: ['*.pem'] })).toMatchObject({ entries: 1 });
  });

  it('refuses an option of another kind by its name', async () => {
    const { dir, out } = folderWith({ 'index.html': 'x' });
    const options = { privateKeys: 'skip' } as unknown as { privateKeys: 'allow' };
    await expect(zipDirectory(dir, out, options)).rejects.toThrow('options.privateKeys');
  });
});
