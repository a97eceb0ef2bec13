import { describe, expect, it, vi } from 'vitest';
import {
  checksum,
  decryptBundle,
  encryptBundle,
  encryptStream,
  inspectBundle,
  keygen,
  resealBundle,
  verifyChecksum,
} from '../../src/index.ts';
import { checkOptions, type OptionRules } from '../../src/options.ts';
import { rejection, thrown } from '../support/errors.ts';
import { keyB } from '../support/vectors.ts';

const bundle = new Uint8Array(100);
const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
// Arguments of a caller without type checks.
type Loose = Record<string, unknown>;
const encrypt = (options: unknown, input: unknown = bundle) =>
  encryptBundle(input as Uint8Array, options as Parameters<typeof encryptBundle>[1]);
const decrypt = (options: unknown, input: unknown = bundle) =>
  decryptBundle(input as Uint8Array, options as Parameters<typeof decryptBundle>[1]);

describe('options', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['encryptBundle', () => encrypt({ privateKey, chunksize: 4096 })],
    ['decryptBundle', () => decrypt({ publicKey, expects: {} })],
    ['verifyChecksum', () => verifyChecksum(bundle, 'a'.repeat(64), { algorithm: 'md5' } as Loose)],
    ['checksum', () => checksum(bundle, { algorithm: 'md5' } as Loose)],
    ['resealBundle', () => resealBundle('x', { publicKey, privateKey, seal: 'x' } as never)],
    ['keygen', () => keygen({ bits: 4096 } as Loose)],
  ])('that %s does not know are refused by name', async (call, work) => {
    await expect(work()).rejects.toThrow(TypeError);
    await expect(work()).rejects.toThrow(
      new RegExp(`${call} does not know the option "(chunksize|expects|algorithm|seal|bits)"`),
    );
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])(
    'with names that every object inherits are unknown too: %s',
    async (name) => {
      await expect(decrypt({ publicKey, [name]: 1 })).rejects.toThrow(
        `decryptBundle does not know the option "${name}": it takes publicKey, seal, expect,`,
      );
    },
  );

  it('each have a rule, which the type of the options gives', () => {
    type Some = { readonly signal?: AbortSignal; readonly fetch?: typeof fetch; readonly a: 1 };
    const rules: OptionRules<Some> = { signal: 'signal', fetch: 'function', a: 'any' };
    // @ts-expect-error The rule of an option is missing.
    const missing: OptionRules<Some> = { signal: 'signal', a: 'any' };
    // @ts-expect-error A function has the rule of functions.
    const other: OptionRules<Some> = { signal: 'signal', fetch: 'any', a: 'any' };
    expect(() => checkOptions<Some>('call', { a: 1, fetch: 1 } as never, rules)).toThrow(
      'options.fetch expected a function, got a number',
    );
    expect(() => checkOptions<Some>('call', { a: 1, fetch }, missing)).toThrow('"fetch"');
    expect(() => checkOptions<Some>('call', { a: 1, fetch }, other)).not.toThrow();
  });

  it('within expect are refused by name', async () => {
    await expect(decrypt({ publicKey, expect: { sequence: 4 } })).rejects.toThrow(/"sequence"/);
  });

  it.each<[string, unknown]>([
    ['a promise', Promise.resolve({ appId: 'com.example.app' })],
    ['a Map', new Map([['appId', 'com.example.app']])],
    ['an array', []],
  ])('within expect that are %s do not open a bundle unchecked', async (what, expected) => {
    const { bytes } = await encrypt({ privateKey });
    const opening = decrypt({ publicKey, expect: expected }, bytes);
    await expect(opening).rejects.toThrow(
      new RegExp(`expect expected an options object, got ${what}`, 'i'),
    );
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a key by itself', privateKey],
  ])('that are %s are refused', async (_, options) => {
    await expect(encrypt(options)).rejects.toThrow(/expected an options object/);
    await expect(decrypt(options)).rejects.toThrow(/expected an options object/);
  });

  it.each<[string, Loose, RegExp]>([
    ['privateKey', { privateKey: undefined }, /privateKey expected a PEM string/],
    ['privateKey', { privateKey: 5 }, /privateKey expected a PEM string.*got a number/],
    ['metadata', { metadata: 'x' }, /options\.metadata/],
    ['signal', { signal: true }, /options\.signal expected an AbortSignal, got a boolean/],
    ['onProgress', { onProgress: 1 }, /options\.onProgress expected a function, got a number/],
    ['backend', { backend: 'openssl' }, /options\.backend expected 'auto' or one of node, /],
    ['backend', { backend: 1 }, /options\.backend expected 'auto'/],
    [
      'chunkSize',
      { chunkSize: '4096' },
      /options\.chunkSize expected a power of two.*got a string/,
    ],
  ])('of a wrong type are refused by name: %s', async (_, options, message) => {
    await expect(encrypt({ privateKey, ...options })).rejects.toThrow(message);
  });

  it.each([0, -4096, 2048, 5000, 2 ** 25, 4096.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'with a chunk size of %d are refused',
    async (chunkSize) => {
      await expect(encrypt({ privateKey, chunkSize })).rejects.toThrow(RangeError);
      await expect(encrypt({ privateKey, chunkSize })).rejects.toThrow(
        `options.chunkSize expected a power of two from 4096 to 16777216, got ${chunkSize}`,
      );
    },
  );

  it('that ask for more chunks than a reader takes are refused before a byte is read', async () => {
    const drawn = vi.spyOn(globalThis.crypto, 'getRandomValues');
    let reads = 0;
    const read = () => {
      reads += 1;
      throw new Error('not to be read');
    };
    const blob = (size: number) => ({
      [Symbol.toStringTag]: 'Blob',
      size,
      slice: () => ({ arrayBuffer: read }),
    });
    const sealing = { privateKey, chunkSize: 4096 };
    await rejection(encrypt(sealing, blob(2 ** 32 + 1)), 'ERR_LIMIT_EXCEEDED');
    thrown(
      () => encryptStream(new ReadableStream(), { ...sealing, size: 2 ** 32 + 1 }),
      'ERR_LIMIT_EXCEEDED',
    );
    encryptStream(new ReadableStream(), { ...sealing, size: 2 ** 32 });
    const signal = AbortSignal.abort('enough');
    await expect(encrypt({ ...sealing, signal }, blob(5))).rejects.toBe('enough');
    expect([reads, drawn.mock.calls.length]).toEqual([0, 0]);
    drawn.mockRestore();
  });

  it.each([4096, 2 ** 24])('with a chunk size of %d are accepted', async (chunkSize) => {
    const { seal } = await encryptBundle(bundle, { privateKey, chunkSize });
    expect(inspectBundle(seal).chunkSize).toBe(chunkSize);
  });

  it.each<[Loose, RegExp]>([
    [{ publicKey: [] }, /empty array/],
    [{ publicKey: [publicKey, 7] }, /publicKey\[1\] expected/],
    [{ seal: 7 }, /seal expected a base64url string, got a number/],
    [{ expect: 'a' }, /expect expected an options object/],
    [{ expect: { appId: 7 } }, /options\.expect\.appId expected a string, got a number/],
    [{ expect: { minSequence: -1 } }, /minSequence expected an integer/],
    [{ expect: { minSequence: '1' } }, /minSequence expected an integer/],
    [{ maxChunks: 0 }, /maxChunks expected a positive integer/],
    [{ maxChunks: 1.5 }, /maxChunks expected a positive integer/],
  ])('of decryptBundle are checked: %o', async (options, message) => {
    await expect(decrypt({ publicKey, ...options })).rejects.toThrow(message);
  });

  it.each<[string, unknown]>([
    ['a string', 'bundle.zip'],
    ['nothing', undefined],
    ['null', null],
    ['an array', [1, 2]],
    ['a Uint16Array', new Uint16Array(4)],
    ['a DataView', new DataView(new ArrayBuffer(4))],
    ['a stream', new ReadableStream()],
    ['an object', {}],
  ])('do not make a bundle of %s', async (_, input) => {
    await expect(encrypt({ privateKey }, input ?? null)).rejects.toThrow(
      /bundle expected a Uint8Array/,
    );
    await expect(decrypt({ publicKey }, input ?? null)).rejects.toThrow(/encrypted expected/);
    await expect(checksum((input ?? null) as Uint8Array)).rejects.toThrow(TypeError);
  });

  it('never print a value that may be a key', async () => {
    const secret = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC';
    for (const options of [secret, { privateKey: [secret] }, { privateKey, backend: [secret] }]) {
      const error: unknown = await encrypt(options).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).not.toContain(secret.slice(0, 12));
    }
  });

  it.each([undefined, 5, null, {}, new ArrayBuffer(60)])(
    'do not inspect or reseal %o',
    async (input) => {
      expect(() => inspectBundle(input as never)).toThrow(TypeError);
      expect(() => inspectBundle(input as never)).toThrow(
        /^sealed expected a Uint8Array, a base64url string, a Blob or a source with size and read\(\), got (nothing|null|an? \w+)$/,
      );
      await expect(resealBundle(input as never, { publicKey, privateKey })).rejects.toThrow(
        TypeError,
      );
    },
  );

  it.each<[unknown]>([[undefined], [null], [5], [{}], [{ seal: 'x', key: 'y' }]])(
    'do not verify a checksum against %o',
    async (expected) => {
      await expect(verifyChecksum(bundle, expected as string)).rejects.toThrow(TypeError);
    },
  );
});
