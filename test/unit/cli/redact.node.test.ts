// No part of a key reaches a message, however the key came to stand where a name belongs.

import { createHash, createPrivateKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksLikeKey, secretsOf, withoutSecrets } from '../../../src/cli/redact.ts';
import { rsa2048Pkcs8 } from '../../support/keys.ts';

// The same key in every run: of random pieces of 64 characters, one in a few millions does not count as a key.
const privateKey = createPrivateKey(rsa2048Pkcs8);
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const der = privateKey.export({ type: 'pkcs8', format: 'der' });
const body = pem.split('\n').slice(1, -2).join('');
const jwk = JSON.stringify(privateKey.export({ format: 'jwk' }));

const FORMS: readonly [string, string][] = [
  ['PEM', pem],
  ['PEM on one line', pem.replaceAll('\n', ' ')],
  ['PEM with line breaks written as \\n', pem.replaceAll('\n', '\\n')],
  ['PEM behind spaces', `   ${pem}`],
  ['PEM in quotes', JSON.stringify(pem)],
  ['base64 over the PEM', Buffer.from(pem).toString('base64')],
  ['base64url over the DER', der.toString('base64url')],
  ["the PEM's body", body],
  ['a piece of the body', body.slice(200, 264)],
  ['a JWK', jwk],
  ['DER in hexadecimal', der.toString('hex')],
  ['DER in hexadecimal with colons', (der.toString('hex').match(/../g) ?? []).join(':')],
  ['PEM, percent-encoded', encodeURIComponent(pem)],
];

describe('a text that should be a name', () => {
  it.each(FORMS)('counts as a key if it is %s', (_, text) => {
    expect(looksLikeKey(text)).toBe(true);
  });

  it.each([
    '.bundleseal_key',
    'keys/release-2026-03.pem',
    '/home/runner/work/my-application/my-application/keys/release.pem',
    'C:\\Users\\Release Manager\\Documents\\keys\\release.pem',
    '/tmp/3f786850e387550fdab836ed7e6dc881de23001b/key',
    '/Users/Publisher/3f7a6b5ce3d7f50fdab8c6ed7e6dc8b1de2a0f1b/MyKey2',
  ])('does not count as a key if it is %s', (path) => {
    expect(looksLikeKey(path)).toBe(false);
  });
});

it('every piece of 64 characters of base64 counts as a key, and no path of words does', () => {
  // Digests and not random bytes, so that every run tests the same pieces.
  for (let round = 0; round < 3000; round++) {
    const piece = createHash('sha384').update(String(round)).digest('base64');
    expect(looksLikeKey(piece), piece).toBe(true);
  }
  // Its kind of character changes seldom for a key, and slashes divide it into short parts.
  expect(looksLikeKey('vk71UUHGTSd/gRDOL8EmUTWVBIGaCqunbEVHULeHOr/19HQJxhVVsWsdwMfgulhl')).toBe(
    true,
  );
  const path = 'Users/ReleaseManager2026/Documents/MyApplication/Keys/Production2026';
  expect(looksLikeKey(path)).toBe(false);
});

describe('a message', () => {
  it.each(FORMS)('contains no part of a key that was passed as %s', (_, text) => {
    const secrets = secretsOf(['key', 'show', text], {});
    for (const quoted of [
      text,
      JSON.stringify(text),
      text.replace(/\s+/g, ''),
      text.slice(40, 120),
    ]) {
      const shown = withoutSecrets(`"x": ${quoted} can't be read`, secrets);
      for (let at = 0; at + 20 <= body.length; at += 20) {
        expect(shown).not.toContain(body.slice(at, at + 20));
      }
      expect(shown.length).toBeLessThan(200);
    }
  });

  it('contains no part of a key that an unquoted variable has split into arguments', () => {
    const secrets = secretsOf(['--key', ...pem.split(/\s+/)], {});
    const line = pem.split('\n')[5] as string;
    expect(withoutSecrets(`unknown command '${line}'`, secrets)).toBe("unknown command '[…]'");
  });

  it('contains no part of a key in a variable of the environment', () => {
    const secrets = secretsOf([], { CAPGO_PRIVATE_KEY: body });
    expect(withoutSecrets(`damaged: ${body.slice(50, 90)}`, secrets)).toBe('damaged: […]');
  });

  it('names the variable whose value begins with its own name', () => {
    const secrets = secretsOf([], { BUNDLESEAL_PRIVATE_KEY: `BUNDLESEAL_PRIVATE_KEY=${body}` });
    const shown = withoutSecrets(
      `BUNDLESEAL_PRIVATE_KEY: ${body.slice(9, 99)} is damaged`,
      secrets,
    );
    expect(shown).toBe('BUNDLESEAL_PRIVATE_KEY: […] is damaged');
  });

  it('hides any part of a key at any place', () => {
    const secrets = secretsOf([body], {});
    const stretch = fc
      .tuple(fc.nat(body.length - 12), fc.integer({ min: 12, max: 200 }))
      .map(([start, length]) => body.slice(start, start + length));
    fc.assert(
      fc.property(stretch, fc.string(), fc.string(), (piece, before, after) => {
        expect(withoutSecrets(before + piece + after, secrets)).not.toContain(piece);
      }),
    );
  });

  it('does not change if no key was passed', () => {
    const secrets = secretsOf(['bundle', 'verify', 'dist.zip', '--checksum', 'ab'.repeat(32)], {});
    const message = `"dist.zip" is not ${'ab'.repeat(32)}: pass "-----BEGIN RSA PRIVATE KEY-----"`;
    expect(withoutSecrets(message, secrets)).toBe(message);
  });
});
