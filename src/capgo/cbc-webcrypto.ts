// AES-128-CBC by crypto.subtle, which takes the whole input in one call.

import { unshared } from '../bytes.ts';
import type { Cbc } from './cbc.ts';
import type { Session } from './session.ts';

const NAME = 'AES-CBC';

export const webcryptoCbc: Cbc = {
  async encrypt(session, plain) {
    const key = await importKey(session, 'encrypt');
    // Each of the two calls copies its input (Web Cryptography §14.3.1 and §14.3.5). If a thread wrote to the caller's
    // memory between them, the signed and the encrypted bytes would differ. In a browser, a thread can only write to
    // shared memory, and copying all memory would take a tenth of the time.
    const input = hasWritingThreads() ? new Uint8Array(plain) : unshared(plain);
    const [encrypted, digest] = await Promise.all([
      crypto.subtle.encrypt({ name: NAME, iv: unshared(session.iv) }, key, input),
      crypto.subtle.digest('SHA-256', input),
    ]);
    return { encrypted: new Uint8Array(encrypted), digest: new Uint8Array(digest) };
  },

  async decrypt(session, encrypted) {
    const key = await importKey(session, 'decrypt');
    let plain: ArrayBuffer;
    try {
      const algorithm = { name: NAME, iv: unshared(session.iv) };
      plain = await crypto.subtle.decrypt(algorithm, key, unshared(encrypted));
    } catch {
      // Does as much work as after correct padding, because otherwise the time would reveal wrong padding (Vaudenay,
      // Eurocrypt 2002).
      await crypto.subtle.digest('SHA-256', unshared(encrypted));
      return undefined;
    }
    const digest = await crypto.subtle.digest('SHA-256', plain);
    return { plain: new Uint8Array(plain), digest: new Uint8Array(digest) };
  },
};

/** Whether threads of the runtime write to ordinary memory, as those of `fs.read` do on Node, Bun and Deno. */
function hasWritingThreads(): boolean {
  return globalThis.process?.versions?.node !== undefined;
}

function importKey({ key }: Session, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', unshared(key), NAME, false, [use]);
}
