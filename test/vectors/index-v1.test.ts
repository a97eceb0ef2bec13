import { describe, expect, it } from 'vitest';
import {
  type ErrorCode,
  type IndexMark,
  openIndexWithMark,
  type ReleaseIndex,
  sealIndex,
} from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { FAULTS } from '../support/index-faults.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { base64, keyB } from '../support/vectors.ts';
import file from './index-v1.json' with { type: 'json' };

interface Vector {
  readonly description: string;
  readonly sealed: string;
  readonly code?: ErrorCode;
}

const vectors = file as unknown as {
  readonly open: {
    readonly appId: string;
    readonly channel: string;
    readonly epoch: number;
    readonly now: string;
  };
  readonly good: readonly (Vector & {
    readonly plain: string;
    readonly index: ReleaseIndex;
    readonly sha256: string;
  })[];
  readonly bad: readonly (Vector & { readonly code: ErrorCode })[];
  readonly after: IndexMark;
  readonly ordered: readonly Vector[];
};

describe.each(PREFERRED_BACKENDS)('index-v1.json through %s', (backend) => {
  const open = { ...vectors.open, now: new Date(vectors.open.now), publicKey: keyB.spki, backend };

  it.each(vectors.good)('opens: $description', async ({ sealed, index, sha256 }) => {
    const opened = await openIndexWithMark(base64(sealed), open);
    expect(opened.index).toEqual(index);
    expect(opened.mark.sha256).toBe(sha256);
  });

  it.each(vectors.good)('seals it again: $description', async ({ index }) => {
    const sealed = await sealIndex(index, { privateKey: keyB.pkcs8, backend });
    expect((await openIndexWithMark(sealed, open)).index).toEqual(index);
  });

  it.each(vectors.bad)('refuses: $description', async ({ sealed, code }) => {
    await rejection(openIndexWithMark(base64(sealed), open), code);
  });

  it.each(vectors.ordered)('after index 41: $description', async ({ sealed, code }) => {
    const work = openIndexWithMark(base64(sealed), { ...open, after: vectors.after });
    if (code === undefined) await work;
    else await rejection(work, code);
  });
});

it('index-v1.json has a bad index for each check', () => {
  const described = vectors.bad.map(({ description }) => description);
  expect(described).toEqual(expect.arrayContaining(FAULTS.map(({ description }) => description)));
});

it('index-v1.json has the result of sha256sum for each good index', async () => {
  for (const { plain, sha256 } of vectors.good) {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(plain));
    const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0'));
    expect(hex.join('')).toBe(sha256);
  }
});
