// A store that is hostile to its publisher: whatever it holds or answers, the publisher fails with a code and writes nothing, or
// makes an index that devices can use.

import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BundleSealError } from '../../src/index.ts';
import { listReleases, prune, refresh, verifyStore } from '../../src/node.ts';
import { openIndex } from '../../src/release.ts';
import {
  APP,
  channelOf,
  expectWholeStore,
  NOW,
  newFolder,
  publicKey,
  publishBuild,
} from '../support/publish.ts';
import { runs } from '../support/scope.ts';
import { serveStore } from '../support/store-server.ts';

const INDEX = 'channels/production.sealed';
const GOOD = join(tmpdir(), `bundleseal-hostile-${process.pid}`);
/** The genuine files of the store by their paths, and one of an earlier time. */
let files: Map<string, Buffer>;
let older: Buffer;
/** The paths that the genuine index names. */
let named: string[];

beforeAll(async () => {
  mkdirSync(GOOD);
  await publishBuild(GOOD, 1);
  older = readFileSync(join(GOOD, INDEX));
  const { index } = await publishBuild(GOOD, 2);
  named = index.releases
    .flatMap(({ bundle, patches }) => [bundle, ...patches])
    .map(({ sha256 }) => `objects/${sha256}.sealed`);
  await publishBuild(GOOD, 1, { channel: 'beta' });
  files = new Map(filesOf(GOOD).map((path) => [path, readFileSync(join(GOOD, path))]));
});

afterAll(() => rmSync(GOOD, { recursive: true, force: true }));

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sealed'))
    .sort();
}

/** What becomes of one file. */
interface Change {
  readonly file: number;
  readonly kind: 'flip' | 'cut' | 'grow' | 'random' | 'other' | 'older' | 'missing' | 'keys';
  readonly at: number;
  readonly bytes: Uint8Array;
}

const change: fc.Arbitrary<Change> = fc.record({
  // The index is the first file that a publisher reads, so half of the changes are to it.
  file: fc.oneof(fc.constant(-1), fc.nat(20)),
  kind: fc.constantFrom(
    ...(['flip', 'cut', 'grow', 'random', 'other', 'older', 'missing', 'keys'] as const),
  ),
  at: fc.nat(1_000_000),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
});

/** The store after the changes: the bytes of each file that it has. */
function changed(changes: readonly Change[]): Map<string, Uint8Array> {
  const store = new Map<string, Uint8Array>(files);
  const paths = [...files.keys()];
  for (const { file, kind, at, bytes } of changes) {
    const path = file < 0 ? INDEX : (paths[file % paths.length] as string);
    const now = new Uint8Array(store.get(path) ?? []);
    if (kind === 'flip' && now.length > 0)
      now[at % now.length] = (now[at % now.length] as number) ^ 1;
    if (kind === 'flip') store.set(path, now);
    if (kind === 'cut') store.set(path, now.subarray(0, at % (now.length + 1)));
    if (kind === 'grow') store.set(path, Buffer.concat([now, bytes]));
    if (kind === 'random') store.set(path, bytes);
    if (kind === 'other') store.set(path, files.get(paths[at % paths.length] as string) as Buffer);
    if (kind === 'older') store.set(INDEX, older);
    if (kind === 'missing') store.delete(path);
    if (kind === 'keys') store.set('keys.sealed', at % 2 === 0 ? bytes : now);
  }
  return store;
}

function write(store: ReadonlyMap<string, Uint8Array>): string {
  const folder = newFolder();
  for (const [path, bytes] of store) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

/** The number of the genuine index that the store has, or 0. */
async function sequenceOf(store: ReadonlyMap<string, Uint8Array>): Promise<number> {
  const options = { publicKey, appId: APP, channel: 'production', now: NOW };
  try {
    return (await openIndex(new Uint8Array(store.get(INDEX) ?? []), options)).sequence;
  } catch {
    return 0;
  }
}

/** Publishes from the store into an empty folder. */
async function publishFrom(from: string, store: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const before = await sequenceOf(store);
  const out = newFolder();
  let sequence: number;
  try {
    const { index, skipped } = await publishBuild(out, 3, { from });
    sequence = index.sequence;
    for (const { reason } of skipped) expect(reason).toBe('unreadable');
  } catch (error) {
    expect(error).toBeInstanceOf(BundleSealError);
    expect(filesOf(out)).toEqual([]);
    return;
  }
  expect(sequence).toBe(before + 1);
  // After the genuine objects are restored, every device can use the new index.
  const whole = newFolder();
  cpSync(GOOD, whole, { recursive: true });
  cpSync(out, whole, { recursive: true });
  const { releases } = await expectWholeStore(whole);
  expect(releases[0]?.version).toBe('1.0.3');
}

const cases = fc.array(change, { minLength: 1, maxLength: 3 });

describe('a hostile store', () => {
  it('in a folder makes the publisher fail with a code or publish a whole release', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (changes) => {
        const store = changed(changes);
        await publishFrom(write(store), store);
      }),
      { numRuns: runs(25) },
    );
  }, 600_000);

  it('on a web server makes the publisher fail with a code or publish a whole release', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.constantFrom(200, 403, 404, 410, 418), async (changes, status) => {
        const store = changed(changes);
        const { url } = await serveStore('/nonexistent', (path, response) => {
          const bytes = store.get(path.slice(1));
          if (bytes === undefined) response.writeHead(status === 200 ? 404 : status).end('no');
          else response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
          return true;
        });
        await publishFrom(url, store);
      }),
      { numRuns: runs(25) },
    );
  }, 600_000);

  it('is reported by verify, and neither list nor refresh accepts an index that is not genuine', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (changes) => {
        const store = changed(changes);
        const from = write(store);
        const options = { from, appId: APP, publicKey };
        const isGenuine = (path: string) =>
          files.get(path)?.equals(store.get(path) ?? new Uint8Array()) === true;
        const isWhole = [...files.keys()].every(isGenuine) && store.size === files.size;
        const isDamaged = isGenuine(INDEX) && !named.every(isGenuine);
        try {
          const { problems } = await verifyStore({ ...options, now: NOW });
          if (isWhole) expect(problems).toEqual([]);
          if (isDamaged) expect(problems).not.toEqual([]);
        } catch (error) {
          expect(error).toBeInstanceOf(BundleSealError);
        }
        const before = await sequenceOf(store);
        const isMade = [
          listReleases({ ...options, channel: 'production' }).then(({ index }) => index.sequence),
          refresh({ ...channelOf(newFolder()), from }).then(({ index }) => index.sequence - 1),
        ];
        for (const one of await Promise.allSettled(isMade)) {
          if (one.status === 'fulfilled') expect(one.value).toBe(before);
          else expect(one.reason).toBeInstanceOf(BundleSealError);
        }
      }),
      { numRuns: runs(25) },
    );
  }, 600_000);

  it('is not pruned of an object that a genuine index in it names', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (changes) => {
        const store = changed(changes);
        const folder = write(store);
        const before = filesOf(folder);
        for (const path of before) utimesSync(join(folder, path), 0, 0);
        const options = { publicKey, appId: APP, now: NOW };
        try {
          await prune({ store: folder, appId: APP, publicKey, now: NOW });
        } catch (error) {
          expect(error).toBeInstanceOf(BundleSealError);
          expect(filesOf(folder)).toEqual(before);
          return;
        }
        for (const channel of ['production', 'beta']) {
          const sealed = store.get(`channels/${channel}.sealed`);
          if (sealed === undefined) continue;
          const { releases } = await openIndex(new Uint8Array(sealed), { ...options, channel });
          for (const { sha256 } of releases.flatMap(({ bundle, patches }) => [
            bundle,
            ...patches,
          ])) {
            const path = `objects/${sha256}.sealed`;
            expect(filesOf(folder).includes(path)).toBe(store.has(path));
          }
        }
      }),
      { numRuns: runs(25) },
    );
  }, 600_000);
});
