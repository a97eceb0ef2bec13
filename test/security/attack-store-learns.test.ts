// What a store learns from a device and from its own files: sizes, times and names of objects, and nothing else.

import { describe, expect, it } from 'vitest';
import { inspectBundle } from '../../src/index.ts';
import { memoryStore } from '../../src/update.ts';
import { AFTER, BEFORE } from '../support/release.ts';
import {
  APP,
  CHANNEL,
  createDevice,
  createPublisher,
  fetchFrom,
  STORE,
} from '../support/update.ts';
import { utf8 } from '../support/zip.ts';

const NOTE = 'only devices read this note';

async function publish() {
  const publisher = createPublisher();
  const meta = { secret: 'only devices read this too' };
  const version = '1.0.0-only.devices';
  const runtime = ['native-3'];
  const next = await publisher.make(AFTER, [BEFORE], { note: NOTE, meta, runtime, version });
  await publisher.offer([next]);
  return { publisher, next };
}

function includes(bytes: Uint8Array, text: string): boolean {
  const part = utf8(text);
  return bytes.some((_, start) => part.every((byte, i) => bytes[start + i] === byte));
}

describe('a store', () => {
  it('has files without the contents, paths, ids, versions, notes and runtimes of its releases', async () => {
    const { publisher, next } = await publish();
    const { id, version } = next.entry;
    const secrets = [id, version, NOTE, 'native-3', 'only devices', ...Object.keys(AFTER)];
    expect(publisher.store.size).toBe(3);
    for (const [path, bytes] of publisher.store) {
      for (const secret of secrets) {
        expect(includes(bytes, secret), `${secret} in ${path}`).toBe(false);
        expect(path).not.toContain(secret);
      }
    }
  });

  it('can read the app in every header, and the channel and the sequence in the header of an index', async () => {
    const { publisher } = await publish();
    for (const [path, bytes] of publisher.store) {
      const { metadata } = await inspectBundle(bytes);
      const own = path.startsWith('channels/') ? { channel: CHANNEL, sequence: 1 } : {};
      expect(metadata).toEqual({ appId: APP, ...own });
    }
  });

  it('gets addresses of its files, and no header, body or query that tells devices apart', async () => {
    const { publisher, next } = await publish();
    const asked: Request[] = [];
    const request = fetchFrom(publisher.store, (_, sent, whole) => {
      asked.push(sent);
      return whole();
    });
    const releases = memoryStore();
    const first = await createDevice(BEFORE, request, { releases, runtime: 'native-3' });
    await first.updater.start();
    await first.updater.update();
    const again = await createDevice(BEFORE, request, { releases, runtime: 'native-3' });
    const { id } = await again.updater.start();
    await again.updater.confirm(id);
    await again.updater.check();
    expect(id).toBe(next.entry.id);
    const [patch] = next.entry.patches;
    const index = `${STORE}channels/${CHANNEL}.sealed`;
    expect(asked.map(({ url }) => url)).toEqual([
      index,
      `${STORE}objects/${patch?.sha256}.sealed`,
      index,
    ]);
    for (const { method, headers, body } of asked) {
      expect(method).toBe('GET');
      expect([...headers]).toEqual([]);
      expect(body ?? null).toBeNull();
    }
  });
});
