// The options of createUpdater and of the stores: what each accepts, its default, and the message for anything else.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { readSettings } from '../../../src/update/options.ts';
import {
  cacheStore,
  capacitorStore,
  createUpdater,
  memoryBuiltIn,
  memoryStore,
  opfsStore,
  type UpdaterOptions,
} from '../../../src/update.ts';
import { keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

const builtIn = await memoryBuiltIn({ a: utf8('a') }, { createdAt: '2026-11-26T08:55:00Z' });

const needed = (): UpdaterOptions => ({
  store: 'https://updates.example.com/app',
  channel: 'production',
  appId: 'com.example.app',
  publicKey: keyB.spki,
  releases: memoryStore(),
  builtIn,
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('createUpdater', () => {
  it.each<[string, unknown, string]>([
    ['store', undefined, 'options.store expected an address or a list of them, got nothing'],
    ['store', [], 'options.store expected an address or a list of them, got an array'],
    [
      'store',
      'app/',
      'options.store expected absolute addresses: https://updates.example.com/app/',
    ],
    ...['me@', ':secret@'].map(
      (user) =>
        [
          'store',
          `https://${user}example.com/`,
          'options.store expected addresses without user name, password, query and fragment: pass a token as a header, by options.fetch',
        ] as [string, string, string],
    ),
    ['store', ['https://a.example/', 'https://b.example/?a=1'], 'options.store expected addresses'],
    ['store', 'https://a.example/#x', 'options.store expected addresses without user name'],
    ['channel', undefined, 'options.channel expected a text that is not empty, got nothing'],
    [
      'channel',
      '../x',
      'options.channel expected letters, digits, ".", "_" and "-", such as "production"',
    ],
    ['channel', '.hidden', 'options.channel expected letters, digits'],
    ['channel', 'a b', 'options.channel expected letters, digits'],
    ['channel', 'a\n', 'options.channel expected letters, digits'],
    ['appId', '', "options.appId expected the app's id as a string, got an empty one"],
    ['publicKey', undefined, 'options.publicKey expected a public key'],
    ['runtime', '', 'options.runtime expected a text that is not empty, got an empty one'],
    ['features', 'camera', 'options.features expected a list of texts, got a string'],
    ['features', [1], 'options.features expected a list of texts, got an array'],
    ['releases', undefined, 'options.releases expected a store with readState()'],
    ...(['readState', 'writeState', 'list', 'open', 'write', 'remove', 'lock'] as const).map(
      (method) =>
        [
          'releases',
          { ...memoryStore(), [method]: undefined },
          `options.releases expected a store with ${method}()`,
        ] as [string, unknown, string],
    ),
    ['builtIn', undefined, 'options.builtIn expected readStamp() and files'],
    ['builtIn', { files: builtIn.files }, 'options.builtIn expected readStamp() and files'],
    ['builtIn', { readStamp: builtIn.readStamp }, 'options.builtIn expected readStamp() and files'],
    ['builtIn', { ...builtIn, files: {} }, 'options.builtIn expected readStamp() and files'],
    ['limits', 5, 'options.limits expected an options object, got a number'],
    ['limits', { bytes: 5 }, 'options.limits does not know the option "bytes"'],
    ['verifyFiles', 0, 'options.verifyFiles expected a boolean, got a number'],
    ['fetch', 'x', 'options.fetch expected a function, got a string'],
    ['now', 5, 'options.now expected a function, got a number'],
    ['onEvent', 'x', 'options.onEvent expected a function, got a string'],
    ['retry', 5, 'createUpdater does not know the option "retry": it takes store, channel, '],
  ])('refuses %s of %o', (name, value, message) => {
    const work = () => createUpdater({ ...needed(), [name]: value });
    expect(work).toThrow(TypeError);
    expect(work).toThrow(message);
  });

  const counts = ['maxStarts', 'confirmTimeout', 'timeout', 'retries', 'retryDelay'] as const;
  const limits = ['patchImage', 'releaseSize', 'files'] as const;
  it.each([0, -1, 1.5, Number.NaN, '3'])('refuses a count of %o', (value) => {
    const got = typeof value === 'number' ? value : 'a string';
    for (const [option, name] of [
      ...counts.map((one) => [{ [one]: value }, one] as const),
      ...limits.map((one) => [{ limits: { [one]: value } }, `limits.${one}`] as const),
    ]) {
      const work = () => createUpdater({ ...needed(), ...option } as UpdaterOptions);
      expect(work).toThrow(RangeError);
      expect(work).toThrow(`options.${name} expected a positive integer, got ${got}`);
    }
  });

  it('takes 1 for every count, and each address of a store as a folder', () => {
    const ones = Object.fromEntries(counts.map((name) => [name, 1]));
    const settings = readSettings({
      ...needed(),
      ...ones,
      limits: Object.fromEntries(limits.map((name) => [name, 1])),
      store: ['https://a.example/x', 'https://b.example/y/', 'https://c.example'],
    });
    expect(settings).toMatchObject({ ...ones, imageSize: 1, releaseSize: 1, files: 1 });
    expect(settings.mirrors).toEqual([
      'https://a.example/x/',
      'https://b.example/y/',
      'https://c.example/',
    ]);
  });

  it('has the defaults that its documentation names', () => {
    expect(readSettings(needed())).toMatchObject({
      features: [],
      maxStarts: 3,
      confirmTimeout: undefined,
      releaseSize: 1_073_741_824,
      files: 65_536,
      timeout: 30_000,
      retries: 4,
      retryDelay: 500,
      verifyFiles: true,
      now: Date.now,
      backend: 'auto',
    });
  });

  it.each<[number | undefined, number]>([
    [2, 67_108_864],
    [4, 67_108_864],
    [8, 268_435_456],
    [undefined, 268_435_456],
  ])('on a device of %o GB patches images of up to %i bytes', (deviceMemory, imageSize) => {
    vi.stubGlobal('navigator', { deviceMemory });
    expect(readSettings(needed()).imageSize).toBe(imageSize);
  });

  it('calls the fetch of the runtime that is there at the time of the request', async () => {
    const { fetch: request } = readSettings(needed());
    const answer = new Response('later');
    vi.stubGlobal('fetch', async (...given: unknown[]) => {
      expect(given).toEqual(['https://a.example/', { cache: 'no-store' }]);
      return answer;
    });
    expect(await request('https://a.example/', { cache: 'no-store' })).toBe(answer);
  });

  it.each<[string, object, string]>([
    ...['check', 'download', 'update', 'installBuiltIn'].flatMap(
      (call): [string, object, string][] => [
        [call, { signal: {} }, 'options.signal expected an AbortSignal, got an object'],
        [call, { sinal: undefined }, `${call} does not know the option "sinal": it takes signal`],
      ],
    ),
    ...['download', 'update'].map((call): [string, object, string] => [
      ...([
        call,
        { onProgress: 'x' },
        'options.onProgress expected a function, got a string',
      ] as const),
    ]),
    ['activate', { at: 'now' }, 'activate does not know the option "at": it takes when'],
  ])('refuses a wrong option of the call %s: %o', async (call, options, message) => {
    const updater = createUpdater(needed());
    const work = updater[call as 'check'](options);
    await expect(work).rejects.toThrow(TypeError);
    await expect(work).rejects.toThrow(message);
  });

  it('refuses to activate at any other moment than those it knows', async () => {
    const updater = createUpdater(needed());
    for (const when of ['later', 1, null]) {
      await expect(updater.activate({ when } as never)).rejects.toThrow(
        new TypeError('options.when expected "next-start" or "now"'),
      );
    }
  });
});

describe('a store', () => {
  const plugins = {
    Filesystem: { readFile: () => {} },
    Directory: { Library: 'LIBRARY' },
    WebView: { setServerBasePath: () => {} },
  };
  it.each<[() => unknown, string]>([
    [() => cacheStore(''), 'name expected a text, got a string'],
    [() => cacheStore(5 as never), 'name expected a text, got a number'],
    [() => opfsStore('a b'), 'name expected letters, digits, "_" and "-", got a string'],
    [() => opfsStore('../a'), 'name expected letters, digits, "_" and "-", got a string'],
    [() => opfsStore(5 as never), 'name expected letters, digits, "_" and "-", got a number'],
    [
      () => capacitorStore({ ...plugins, Filesystem: {} } as never),
      'plugins.Filesystem expected the plugin of @capacitor/filesystem, got an object',
    ],
    [
      () => capacitorStore({ ...plugins, Directory: undefined } as never),
      'plugins.Directory expected the Directory of @capacitor/filesystem',
    ],
    [
      () => capacitorStore({ ...plugins, WebView: {} } as never),
      'plugins.WebView expected the WebView of @capacitor/core',
    ],
  ])('refuses a wrong name or plugin: %s', (open, message) => {
    expect(open).toThrow(new TypeError(message));
  });
});
