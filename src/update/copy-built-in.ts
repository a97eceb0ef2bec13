// Copies the built-in release of a website into the store, before the next deploy replaces its files.

import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { isStamp } from '../release/stamp.ts';
import type { UpdateContext } from './context.ts';
import { checkStampList } from './device.ts';
import { describeInstalled } from './installed.ts';
import type { StoredFile } from './release-store.ts';
import { onStore } from './store-error.ts';
import { withDownloadLock } from './store-locks.ts';
import * as transitions from './transitions.ts';

/** @throws {@link BundleSealError} `ERR_STORE` if a file is missing, or differs from the list in the stamp. */
export async function copyBuiltIn(
  { settings, device, emit }: UpdateContext,
  signal: AbortSignal,
): Promise<void> {
  const { releases, builtIn } = settings;
  const { backend } = device;
  const stamp = await device.shippedStamp();
  await checkStampList(stamp, backend);
  const { files = [] } = stamp;

  async function* copied(): AsyncGenerator<StoredFile, void> {
    for (const { path, size, sha256 } of files) {
      signal.throwIfAborted();
      if (isStamp(path)) continue;
      const bytes = await onStore(`"${path}" of the built-in release could not be read`, () =>
        builtIn.files.read(path),
      );
      if (bytes.length !== size || toHex(await backend.sha256(bytes)) !== sha256) {
        throw new BundleSealError(
          'ERR_STORE',
          `"${path}" differs from the list in the stamp: write the stamp as the last step of the build, and serve the files unchanged`,
          { path },
        );
      }
      yield { path, bytes };
    }
    yield describeInstalled(stamp);
  }

  await withDownloadLock(releases, emit, signal, async () => {
    const there = await onStore('the releases could not be listed', () => releases.list());
    const isNew = !there.includes(stamp.id);
    if (isNew) {
      // Names the release in the state first. A page or worker that starts meanwhile removes every release that the state does not
      // name.
      await device.change((state) => transitions.beginFetching(state, stamp.id));
      await onStore('the built-in release could not be copied', () =>
        releases.write(stamp.id, copied()),
      );
    }
    await device.change((state) =>
      isNew ? transitions.copied(state, stamp) : transitions.meetBuiltIn(state, stamp),
    );
  });
  await device.sweep();
}
