// Checks that the project has published a release, for the commands that need one.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../files/leniency.ts';
import { storeError } from '../../publish/store-error.ts';
import { buildCommand } from './check-build.ts';

/**
 * Says how to publish the first release if the store of a project has no index of any channel.
 *
 * @param store - The folder that package.json names.
 * @throws {@link BundleSealError} `ERR_STORE` if the folder is missing or has no index.
 */
export async function checkPublished(store: string): Promise<void> {
  const names = await readdir(join(store, 'channels')).catch((error: unknown) =>
    // The library reports other errors, with the path of the folder.
    hasCode(error, 'ENOENT') ? [] : undefined,
  );
  if (names === undefined || names.some((name) => name.endsWith('.sealed'))) return;
  const build = await buildCommand(true, '.');
  const how =
    build === undefined
      ? 'build the app, and publish its build: npx bundleseal release publish DIR'
      : `run ${build}, then npm run bundleseal:publish`;
  throw storeError(
    `nothing has been published to ${JSON.stringify(store)} yet: ${how}. If the releases are in another folder or at an address, pass it as --from`,
  );
}
