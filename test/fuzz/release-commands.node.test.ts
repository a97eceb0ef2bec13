// Random sequences of release commands over one store: whatever the commands and the store do, no command ends with an error that
// is not its own, hangs, or shows a key, and every device can use the store afterwards.
//
// RELEASE_SEQUENCES=10000 in the environment runs longer, and RELEASE_SEED repeats a run.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { nameTemporary } from '../../src/files/temporary.ts';
import { decryptBundle, keygen } from '../../src/index.ts';
import {
  applyPatch,
  type IndexMark,
  openIndexWithMark,
  openKeys,
  type ReleaseIndex,
  releaseId,
} from '../../src/release.ts';
import { unzipBundle } from '../../src/zip.ts';
import { runInside } from '../support/cli-inside.ts';
import { makeFolder } from '../support/files.ts';
import { generateFixedPairs, generateRandomPairs } from '../support/fixed-pairs.js';
import { APP, publicKey } from '../support/publish.ts';
import { quarter } from '../support/scope.ts';
import { keyA } from '../support/vectors.ts';
import { faultOf } from './command-line.ts';
import {
  APART,
  argumentsOf,
  breakStore,
  CHANNELS,
  type Channel,
  PASSPHRASE,
  prepareProject,
  READING,
  STORE,
  type Step,
  sequences,
  stateOf,
} from './release-commands.ts';

const RUNS = Number(process.env['RELEASE_SEQUENCES'] ?? quarter(48));
const SEED = Number(process.env['RELEASE_SEED'] ?? 1);
const START = Date.parse('2026-11-26T09:00:00Z');
const HOUR = 3_600_000;
const ENV = { BUNDLESEAL_PRIVATE_KEY: undefined, BUNDLESEAL_KEY_PASSPHRASE: PASSPHRASE };

const root = makeFolder();
const template = join(root, 'template');
const folder = join(root, 'work');
const store = join(folder, STORE);
let tokenOfDead = '';
/** The releases that a device has unpacked, by the digest of the object. */
const opened = new Map<string, Map<string, Uint8Array>>();

beforeAll(async () => {
  generateFixedPairs();
  const second = await keygen({ modulusBits: 3072 });
  generateRandomPairs();
  prepareProject(template, second.privateKey, second.publicKey);
  publicKeys.push(second.publicKey);
  const own = await nameTemporary('.publish.lock');
  tokenOfDead = own.replace(/-\d+-(\d+)-([0-9a-f]{12})/, '-99999999-$1-$2');
});

afterEach(() => {
  vi.useRealTimers();
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

it('the commands of releases leave a store that every device can use, in any order and with any fault of the store', async () => {
  await fc.assert(
    fc.asyncProperty(sequences, async (steps) => {
      rmSync(folder, { recursive: true, force: true });
      cpSync(template, folder, { recursive: true });
      vi.useFakeTimers({ toFake: ['Date'], now: START });
      const devices = new Map<Channel, Device>();
      for (const step of steps) {
        vi.setSystemTime(Date.now() + step.hours * HOUR);
        await take(step, devices);
      }
      vi.useRealTimers();
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
}, 3_600_000);

async function take(step: Step, devices: Map<Channel, Device>): Promise<void> {
  const args = argumentsOf(step);
  const what = args.map((one) => one.slice(0, 80)).join(' ');
  if (step.verb === 'prune') makeOld();
  rmSync(join(folder, APART), { recursive: true, force: true });
  const broken = step.fault && breakStore(folder, step.fault, tokenOfDead);
  const before = stateOf(store);
  const ended = await runInside(args, { cwd: folder, env: ENV });
  const told = `${what}${step.fault ? ` [${step.fault.kind} ${broken?.path}]` : ''}\n${ended.stdout}${ended.stderr}`;
  expect([0, 1, 2], told).toContain(ended.code);
  expect(faultOf(ended, folder), told).toBeUndefined();
  if (ended.code === 2) expect(ended.stderr + ended.stdout, told).toContain('ERR_USAGE');
  if (ended.code === 2 && step.odd.length === 0) expect.fail(`not called wrongly: ${told}`);
  const after = stateOf(store);
  const isQuiet = READING.includes(step.verb) || args.includes('--dry-run');
  if (ended.code !== 0 || isQuiet || args.includes(APART)) {
    // A publisher that failed may have written objects that no index names yet.
    for (const [path, digest] of before) expect(after.get(path), `${path}: ${told}`).toBe(digest);
    const added = [...after.keys()].filter((path) => !before.has(path));
    const allowed = isQuiet ? /^$/ : /^objects\/[0-9a-f]{64}\.sealed$/;
    for (const path of added) expect(path, told).toMatch(allowed);
  }
  if (broken?.isIndex && ended.code === 0 && readsIndex(step, broken.path)) {
    expect.fail(`took a damaged index: ${told}`);
  }
  const isPut = ended.code === 0 && !isQuiet && existsSync(join(folder, APART, 'channels'));
  broken?.mend();
  if (isPut && broken === undefined) cpSync(join(folder, APART), store, { recursive: true });
  if (ended.code === 0 && !isQuiet && broken === undefined && step.odd.length === 0) {
    await expectRepeatable(step, args, told);
  }
  for (const channel of CHANNELS) await check(channel, devices, told);
}

/** Whether a command has to read the index at the path. */
function readsIndex({ verb, channel, odd, fault }: Step, path: string): boolean {
  if (odd.length > 0 || verb === 'id' || verb === 'keys') return false;
  if (verb === 'verify' || verb === 'prune') return true;
  // A link to nothing is as no index, for a channel that is looked up by its name.
  return fault?.kind !== 'dangling' && path === `channels/${channel}.sealed`;
}

/** The same command again changes nothing, unless it makes a new index each time. */
async function expectRepeatable(step: Step, args: readonly string[], told: string): Promise<void> {
  if (!['publish', 'promote', 'rollout', 'withdraw', 'prune'].includes(step.verb)) return;
  const again = args.filter((one) => one !== '--create');
  const before = stateOf(store);
  const ended = await runInside([...again, '--dry-run', '--json'], { cwd: folder, env: ENV });
  expect(ended.code, `again: ${told}${ended.stderr}${ended.stdout}`).toBe(0);
  const answer = JSON.parse(ended.stdout) as { changed?: boolean; deleted?: unknown[] };
  if (step.verb === 'prune') expect(answer.deleted, told).toEqual([]);
  else expect(answer.changed, told).toBe(false);
  expect(stateOf(store)).toEqual(before);
}

function makeOld(): void {
  for (const path of stateOf(store).keys()) {
    if (path.startsWith('objects/')) utimesSync(join(store, path), 0, 0);
  }
}

interface Device {
  readonly marks: IndexMark[];
  readonly indexes: ReleaseIndex[];
}

/** Reads the store as devices with an index of the channel do, and as devices without one. */
async function check(channel: Channel, devices: Map<Channel, Device>, told: string): Promise<void> {
  const path = join(store, `channels/${channel}.sealed`);
  const device = devices.get(channel) ?? { marks: [], indexes: [] };
  devices.set(channel, device);
  if (!existsSync(path)) {
    expect(device.indexes, told).toEqual([]);
    return;
  }
  const keysPath = join(store, 'keys.sealed');
  const list = existsSync(keysPath)
    ? await openKeys(readFileSync(keysPath), { recoveryPublicKey: keyA.spki, appId: APP })
    : undefined;
  const allKeys = list ? [...list.publicKeys, ...list.retiredKeys] : [...publicKeys];
  const epoch = list?.epoch ?? 0;
  const last = device.indexes.at(-1);
  const bytes = readFileSync(path);
  const now = last === undefined ? 0 : Date.parse(last.issuedAt) - HOUR;
  const after = device.marks.filter((one) => one.epoch === epoch).at(-1);
  let found: Awaited<ReturnType<typeof openIndexWithMark>>;
  try {
    found = await openIndexWithMark(bytes, {
      ...{ publicKey: list?.publicKeys ?? allKeys, appId: APP, channel, epoch, now },
      ...(after && { after }),
    });
  } catch (error) {
    // After a change of the keys, devices wait for an index of the new epoch.
    if (last !== undefined && last.epoch < epoch) return;
    throw new Error(`a device can't open ${channel}: ${told}`, { cause: error });
  }
  const { index, mark } = found;
  if (after !== undefined && after.sequence === mark.sequence) {
    expect(mark.sha256, told).toBe(after.sha256);
  } else {
    for (const id of last?.withdrawn ?? []) {
      if (!told.includes('--reinstate')) expect(index.withdrawn, told).toContain(id);
    }
    device.marks.push(mark);
    device.indexes.push(index);
  }
  const time = new Date().toISOString();
  for (const one of device.indexes) {
    if (one === index || one.expiresAt > time) await checkObjects(one, allKeys, told);
  }
}

/** The keys that an app has built in. */
const publicKeys: string[] = [publicKey];

async function checkObjects(
  { releases }: ReleaseIndex,
  keys: readonly string[],
  told: string,
): Promise<void> {
  const read = ({ sha256, size }: { readonly sha256: string; readonly size: number }) => {
    const path = join(store, `objects/${sha256}.sealed`);
    expect(existsSync(path), `${path} is missing: ${told}`).toBe(true);
    const bytes = readFileSync(path);
    expect(bytes.length, told).toBe(size);
    expect(createHash('sha256').update(bytes).digest('hex'), told).toBe(sha256);
    return bytes;
  };
  const files = new Map<string, Map<string, Uint8Array>>();
  for (const { id, bundle } of releases) {
    const bytes = read(bundle);
    const known = opened.get(bundle.sha256);
    const made =
      known ??
      (await unzipBundle(await decryptBundle(bytes, { publicKey: keys, expect: { appId: APP } })));
    if (known === undefined) expect(await releaseId(made), told).toBe(id);
    opened.set(bundle.sha256, made);
    files.set(id, made);
  }
  for (const { id, patches } of releases) {
    for (const patch of patches) {
      const bytes = read(patch);
      const base = files.get(patch.from);
      if (base === undefined || opened.has(patch.sha256)) continue;
      const made = await applyPatch(bytes, base, { publicKey: keys, appId: APP });
      expect(await releaseId(made), told).toBe(id);
      opened.set(patch.sha256, made);
    }
  }
}
