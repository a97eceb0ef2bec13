// Session keys do not stay in memory after a file was sealed or opened, nor after an error.

import { readFileSync, truncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { parsePublicKey } from '../../../src/keys/parse.ts';
import { decryptFile, encryptFile } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { sessionKeyOf, takeApart } from '../../support/forger.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';
import { wipedDuring } from '../../support/wiped.ts';

const { at, put } = useFolder();
const publicKey = keyB.spki;
// WebCrypto keeps its copy of the key outside of JavaScript.
const backend = 'webcrypto';
const sealing = { privateKey: keyB.pkcs8, backend } as const;
const keyOf = (path: string) =>
  toHex(sessionKeyOf(takeApart(readFileSync(path)), parsePublicKey(publicKey)));

describe('the session key of a file', () => {
  it('is wiped when the file has been sealed', async () => {
    put('plain', bytesOf(10_000));
    const wiped = await wipedDuring(32, () => encryptFile(at('plain'), at('sealed'), sealing));
    expect(wiped).toContain(keyOf(at('sealed')));
  });

  it('is wiped if the file cannot be sealed', async () => {
    put('plain', bytesOf(10_000));
    let given = '';
    const sign = (payload: Uint8Array) => {
      given = toHex(payload.subarray(8, 40));
      throw new Error('no');
    };
    const wiped = await wipedDuring(32, () =>
      encryptFile(at('plain'), at('sealed'), { privateKey: { publicKey, sign }, backend }),
    );
    expect(wiped).toContain(given);
  });

  it('is wiped when the file has been opened, and if it cannot be opened', async () => {
    put('plain', bytesOf(10_000));
    const { sealedSize } = await encryptFile(at('plain'), at('sealed'), sealing);
    const key = keyOf(at('sealed'));
    const open = () => decryptFile(at('sealed'), at('opened'), { publicKey, backend });
    expect(await wipedDuring(32, open)).toContain(key);
    truncateSync(at('sealed'), sealedSize - 1);
    expect(await wipedDuring(32, open)).toContain(key);
  });
});
