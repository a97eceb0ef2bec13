// Checks that a project has what a release command needs: a build, or a published release.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../files/error.ts';
import { exists, hasCode } from '../../files/leniency.ts';
import { storeError } from '../../publish/store-error.ts';
import { STAMP } from '../../release/stamp.ts';
import { packagesFrom } from '../project.ts';
import { startsOf } from '../read-metadata.ts';
import { SCRIPTS } from './settings.ts';

/**
 * Throws if there is no build, or if the folder is the project itself. Throws too if the project has the build script of `init` and
 * that script did not write the build: a website that is deployed from it lacks the service worker.
 *
 * @param stamp - `false` to accept a build without a stamp.
 */
export async function checkBuilt(
  { project, stamp }: { readonly project: boolean; readonly stamp: boolean },
  dir: string,
): Promise<void> {
  const command = await buildCommand(project, dir);
  if (!(await exists(dir))) {
    throw fileError(
      dir,
      `does not exist: build the app${command === undefined ? '' : ` (${command})`}, or check the path`,
    );
  }
  // An installation has `.bin`. The modules that a build of a server brings along do not.
  if (await exists(join(dir, 'node_modules', '.bin'))) {
    throw fileError(
      dir,
      'is the folder of a project and not its build, because packages are installed in it: name the folder that the build writes, such as dist',
    );
  }
  if (!stamp || command === undefined || (await exists(join(dir, STAMP)))) return;
  throw fileError(
    dir,
    `has no ${STAMP}, so ${command} did not make it, and a website that is deployed from it would take no updates: run ${command} and publish again, or pass --no-stamp to publish this build`,
  );
}

/** Returns the command that builds the project, if `init` wrote its script. */
export async function buildCommand(project: boolean, dir: string): Promise<string | undefined> {
  for (const start of await startsOf(project, dir)) {
    for await (const { content } of packagesFrom(start)) {
      const scripts = content?.scripts as Readonly<Record<string, unknown>> | null | undefined;
      if (String(scripts?.[SCRIPTS.build]).includes('release stamp'))
        return `npm run ${SCRIPTS.build}`;
    }
  }
  return undefined;
}

/** The beginning of the error for a store without an index. */
export const UNPUBLISHED = 'nothing has been published to';

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
    `${UNPUBLISHED} ${JSON.stringify(store)} yet: ${how}. If the releases are in another folder or at an address, pass it as --from`,
  );
}
