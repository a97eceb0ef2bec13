// The types of releases and of publishing. Compiled by `npm run types`; a line under @ts-expect-error that compiles is an error.

import {
  type PublishedRelease,
  prune,
  publishRelease,
  type SkippedPatch,
  setRollout,
  verifyStore,
  withdraw,
} from '../../src/node.ts';
import {
  applyPatch,
  chooseRelease,
  createPatch,
  type IndexMark,
  openIndex,
  openIndexWithMark,
  openKeys,
  type Patch,
  type ReleaseEntry,
  type ReleaseIndex,
  type ReleaseKeys,
  type ReleaseStamp,
  readStamp,
  releaseId,
  sealIndex,
  sealKeys,
  writeStamp,
} from '../../src/release.ts';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_yes: Same<A, B>): void {}

const key = 'pem';
const appId = 'com.example.app';
const bytes: Uint8Array = new Uint8Array(1);

export async function patches(): Promise<void> {
  const files = { 'index.html': bytes, 'app.js': () => new Blob(['run()']) };
  same<Awaited<ReturnType<typeof releaseId>>, string>(true);
  await releaseId([{ path: 'index.html', data: bytes }], { backend: 'noble' });
  const patch = await createPatch(files, new Map([['index.html', bytes]]), {
    privateKey: { publicKey: key, sign: async (payload) => payload },
    appId,
    onProgress: ({ done, total }) => done / total,
  });
  same<typeof patch, Patch>(true);
  const made = await applyPatch(patch.bytes, files, { publicKey: [key], appId });
  same<typeof made, Map<string, Uint8Array>>(true);
  // The next patch starts from the result of a patch.
  await applyPatch(new Blob([]), made, { publicKey: key, appId, limits: { imageSize: 1000 } });

  // @ts-expect-error the app is required, so that no app takes another app's patch
  await createPatch(files, files, { privateKey: key });
  // @ts-expect-error the app is required here too
  await applyPatch(patch.bytes, files, { publicKey: key });
  // @ts-expect-error a patch is sealed with a private key
  await createPatch(files, files, { publicKey: key, appId });
  // @ts-expect-error a patch is bytes, not the object that createPatch returns
  await applyPatch(patch, files, { publicKey: key, appId });
  // @ts-expect-error a limit that does not exist
  await applyPatch(patch.bytes, files, { publicKey: key, appId, limits: { memory: 1 } });
  // @ts-expect-error results are read, not written
  patch.sha256 = '';
}

export async function indexes(index: ReleaseIndex): Promise<void> {
  const sealed = await sealIndex(index, { privateKey: key });
  same<typeof sealed, Uint8Array>(true);
  const expected = { publicKey: key, appId, channel: 'production' };
  same<Awaited<ReturnType<typeof openIndex>>, ReleaseIndex>(true);
  const { mark } = await openIndexWithMark(sealed, { ...expected, now: new Date() });
  same<typeof mark, IndexMark>(true);
  await openIndex(sealed, { ...expected, after: mark, epoch: 1, now: 0 });

  const known = { id: 'a', createdAt: '2026-11-26T08:55:00Z' };
  const device = { current: known, builtIn: known, deviceId: 'random' };
  const chosen = chooseRelease(index, { ...device, blocked: new Set(['b']), features: ['c'] });
  same<typeof chosen, ReleaseEntry | 'current' | 'built-in'>(true);

  // @ts-expect-error the channel is required
  await openIndex(sealed, { publicKey: key, appId });
  // @ts-expect-error an index of a later version is another type
  await sealIndex({ ...index, version: 2 }, { privateKey: key });
  // @ts-expect-error one runtime in an entry is a list of one
  same<ReleaseEntry['runtime'], string>(true);
  // @ts-expect-error the choice is not always an entry
  chosen.bundle;
  // @ts-expect-error a device without an id has no place in a rollout
  chooseRelease(index, { current: known, builtIn: known });
}

export async function keysAndStamps(keys: ReleaseKeys, stamp: ReleaseStamp): Promise<void> {
  const sealed = await sealKeys(keys, { recoveryKey: key });
  const opened = await openKeys(sealed, { recoveryPublicKey: key, appId });
  same<typeof opened, ReleaseKeys>(true);
  same<ReturnType<typeof readStamp>, ReleaseStamp>(true);
  same<ReturnType<typeof writeStamp>, Uint8Array>(true);
  readStamp(writeStamp(stamp));

  // @ts-expect-error the recovery key signs, not the build's private key
  await sealKeys(keys, { privateKey: key });
  // @ts-expect-error the recovery key opens, not the build's public key
  await openKeys(sealed, { publicKey: key, appId });
}

export async function publishing(): Promise<void> {
  const store = { store: 'store', channel: 'production', privateKey: key, appId };
  const published = await publishRelease('dist', { ...store, version: '1.4.2', runtime: ['3'] });
  same<typeof published, PublishedRelease>(true);
  same<(typeof published.skipped)[number], SkippedPatch>(true);
  same<SkippedPatch['reason'], 'no gain' | 'too large' | 'unreadable'>(true);
  const { problems } = await verifyStore({ from: 'store', appId, publicKey: key });
  const [problem] = problems;
  const code: 'index' | 'expired' | 'expiring' | 'object' | 'release' | 'cache' | undefined =
    problem?.code;
  await prune({ store: `${code}`, appId, publicKey: key, dryRun: true });

  // @ts-expect-error a release has a version
  await publishRelease('dist', store);
  // @ts-expect-error the share is a number of thousandths
  await setRollout({ ...store, rollout: '25%' });
  // @ts-expect-error the release to withdraw is required
  await withdraw(store);
  // @ts-expect-error a store that is only read is opened with a public key
  await verifyStore({ from: 'store', appId, privateKey: key });
  // @ts-expect-error a web server can't be listed, so prune takes no address
  await prune({ from: 'https://updates.example.com', appId, publicKey: key });
}
