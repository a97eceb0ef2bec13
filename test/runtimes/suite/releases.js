// A publisher makes a patch and an index, and a device uses them.

import {
  applyPatch,
  chooseRelease,
  createPatch,
  openIndex,
  releaseId,
  sealIndex,
} from 'bundleseal/release';
import { base64, bytesOfText, sample } from './bytes.js';
import { equal, equalBytes, refused } from './check.js';
import { withDraws } from './fixed-random.js';

export const APP = 'com.example.app';
/** The session key of the patch. */
export const PATCH_DRAWS = [sample(32)];

/** A module with many names, as a bundler writes it. */
function moduleOf(hash) {
  const lines = Array.from(
    { length: 600 },
    (_, n) =>
      `import{a${n}}from"./chunk-${hash}.js";export const b${n}=a${(n * 7) % 600}(${n * n});`,
  );
  return bytesOfText(lines.join('\n'));
}

/** Two releases: a file is renamed, its importer changes, one file is new, one is gone, and one stays. */
export function twoReleases() {
  const before = {
    'index.html': bytesOfText('<script src="app-a1b2.js"></script>'),
    'app-a1b2.js': moduleOf('a1b2'),
    'images/logo.png': sample(9000),
    'gone.txt': bytesOfText('gone'),
    empty: new Uint8Array(0),
  };
  const after = {
    'index.html': bytesOfText('<script src="app-c3d4.js"></script>'),
    'app-c3d4.js': moduleOf('c3d4'),
    'images/logo.png': sample(9000),
    'new.txt': sample(3000).reverse(),
    empty: new Uint8Array(0),
  };
  return { before, after };
}

export const sealedPatch = (privateKey, options) => {
  const { before, after } = twoReleases();
  return withDraws(PATCH_DRAWS, () =>
    createPatch(before, after, { privateKey, appId: APP, ...options }),
  );
};

export function* tests({ vectors, backends }) {
  const { a, b } = vectors.sealed.keys;
  const { before, after } = twoReleases();
  const patch = base64(vectors.releases.patch);
  const device = { publicKey: b.spki, appId: APP };

  yield [
    'the same files have the same ids',
    async () => {
      equal(await releaseId(before), vectors.releases.from);
      equal(await releaseId(after), vectors.releases.to);
    },
  ];

  for (const backend of backends) {
    yield [
      `the same two releases make the same patch, ${backend}`,
      async () => {
        const made = await sealedPatch(b.pkcs8, { backend });
        equalBytes(made.bytes, patch);
        equal(made.from, vectors.releases.from);
        equal(made.to, vectors.releases.to);
      },
    ];
    yield [
      `a patch makes the newer release, ${backend}`,
      async () => {
        const made = await applyPatch(patch, before, { ...device, backend });
        equal(made.size, Object.keys(after).length, 'files');
        for (const [path, bytes] of Object.entries(after)) equalBytes(made.get(path), bytes, path);
      },
    ];
  }

  yield [
    'a patch is refused on another release, altered, cut, and for another app',
    async () => {
      await refused(() => applyPatch(patch, after, device), 'ERR_PATCH_INVALID');
      const altered = patch.slice();
      altered[altered.length - 20] ^= 1;
      await refused(() => applyPatch(altered, before, device), 'ERR_CHUNK_INVALID');
      await refused(() => applyPatch(patch.slice(0, -1), before, device), 'ERR_LENGTH_INVALID');
      const other = { ...device, appId: 'com.example.other' };
      await refused(() => applyPatch(patch, before, other), 'ERR_EXPECTATION_FAILED');
    },
  ];

  yield [
    'an index is sealed, opened and followed',
    async () => {
      const { from, to } = vectors.releases;
      const release = {
        id: to,
        version: '1.1.0',
        createdAt: '2026-11-02T00:00:00Z',
        size: Object.values(after).reduce((sum, { length }) => sum + length, 0),
        files: Object.keys(after).length,
        bundle: { sha256: from, size: 4000 },
        patches: [],
      };
      const index = {
        format: 'bundleseal-index',
        version: 1,
        appId: APP,
        channel: 'production',
        epoch: 0,
        sequence: 1,
        issuedAt: '2026-11-02T00:00:00Z',
        expiresAt: '2026-12-02T00:00:00Z',
        releases: [release],
      };
      const sealed = await sealIndex(index, { privateKey: b.pkcs8 });
      const opening = { ...device, channel: 'production', now: Date.parse('2026-11-03T00:00:00Z') };
      const opened = await openIndex(sealed, opening);
      const builtIn = { id: from, createdAt: '2026-11-01T00:00:00Z' };
      const chosen = await chooseRelease(opened, {
        ...{ current: builtIn, builtIn, deviceId: 'device' },
      });
      equal(chosen.id, to);
      const late = { ...opening, now: Date.parse('2026-12-03T00:00:00Z') };
      await refused(() => openIndex(sealed, late), 'ERR_INDEX_EXPIRED');
      await refused(() => openIndex(sealed, { ...opening, publicKey: a.spki }), 'ERR_KEY_MISMATCH');
    },
  ];
}
