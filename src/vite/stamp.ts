// Writes the stamp of a build. The plugin loads this module only if the stamp is wanted.

import { FOLDER_OPTIONS } from '../files/read-directory.ts';
import type { FolderRules } from '../files/zip-directory.ts';
import { type StampOptions, stampRelease } from '../publish/stamp.ts';
import { type ReleaseStamp, STAMP } from '../release/stamp.ts';

/** What a stamp has besides the files of the build. */
export type BuildStamp = Pick<StampOptions, 'runtime' | 'floors'>;

/** @param options - Those of the plugin. The rules for the folder apply to the stamp too. */
export function stampBuild(
  folder: string,
  options: object,
  stamp: BuildStamp,
): Promise<ReleaseStamp> {
  const rules = Object.fromEntries(
    Object.entries(options).filter(([name]) => Object.hasOwn(FOLDER_OPTIONS, name)),
  );
  return stampRelease(folder, { ...rules, ...stamp });
}

/** Leaves the stamp of the build before out of a sealed file, too: it belongs to no release. */
export function withoutStamp(ignore: FolderRules['ignore'] = []): NonNullable<typeof ignore> {
  if (typeof ignore === 'function') return (path) => path === STAMP || ignore(path);
  return [...ignore, `/${STAMP}`];
}
