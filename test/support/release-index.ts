// Indexes for tests, including malformed ones of a faulty tool.

import { encryptObject } from '../../src/bundle/encrypt.ts';
import type { Kind } from '../../src/format/header.ts';
import type { Metadata } from '../../src/format/metadata.ts';
import type { IndexMark, ReleaseEntry, ReleaseIndex } from '../../src/release.ts';
import { keyB } from './vectors.ts';

export const APP = 'com.example.app';
export const CHANNEL = 'production';
/** A clock within the lifetime of {@link indexOf}'s. */
export const NOW: Date = new Date('2026-11-27T00:00:00Z');

export const privateKey: string = keyB.pkcs8;
export const publicKey: string = keyB.spki;

/** The options for opening an index. */
export const OPEN: {
  readonly publicKey: string;
  readonly appId: string;
  readonly channel: string;
  readonly now: Date;
} = { publicKey, appId: APP, channel: CHANNEL, now: NOW };

/** Makes a release id or another digest from a number. */
export const digestOf = (n: number): string => n.toString(16).padStart(64, '0');

/** Makes a time that increases with its number. */
export const timeOf = (n: number): string =>
  new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString().replace('.000', '');

export function entryOf(n: number, rest: Partial<ReleaseEntry> = {}): ReleaseEntry {
  return {
    id: digestOf(n),
    version: `1.0.${n}`,
    createdAt: timeOf(n),
    size: 1000,
    files: 3,
    bundle: { sha256: digestOf(1000 + n), size: 2000 },
    patches: [],
    ...rest,
  };
}

export function indexOf(rest: Partial<ReleaseIndex> = {}): ReleaseIndex {
  return {
    format: 'bundleseal-index',
    version: 1,
    appId: APP,
    channel: CHANNEL,
    epoch: 0,
    sequence: 41,
    issuedAt: '2026-11-26T09:00:00Z',
    expiresAt: '2026-12-26T09:00:00Z',
    releases: [],
    ...rest,
  };
}

export function markOf(rest: Partial<IndexMark> = {}): IndexMark {
  return {
    epoch: 0,
    sequence: 41,
    issuedAt: '2026-11-26T09:00:00Z',
    sha256: digestOf(0),
    ...rest,
  };
}

/** Seals any bytes or text as any kind, as the holder of the private key could. */
export async function sealAnything(
  content: string | Uint8Array,
  metadata: Metadata = { appId: APP, channel: CHANNEL, sequence: 41 },
  kind: Kind = 'index',
  key: string = privateKey,
): Promise<Uint8Array> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return (await encryptObject(bytes, { privateKey: key, metadata }, kind)).bytes;
}
