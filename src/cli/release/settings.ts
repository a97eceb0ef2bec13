// What `init` writes into package.json: the scripts, the app, the channel and the folder of the store.

import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { UsageError } from '../answer.ts';
import { packagesFrom } from '../project.ts';
import {
  configuredAppId,
  required,
  startsOf,
  type ValueSource,
  WITHOUT_PROJECT,
} from '../read-metadata.ts';

/** The member of package.json with the settings. */
export const SETTINGS = 'bundleseal';

/** The scripts of package.json. */
export const SCRIPTS = { build: 'bundleseal:build', publish: 'bundleseal:publish' } as const;

/** The workflow that `init` writes, from the root of the repository. */
export const WORKFLOW = '.github/workflows/bundleseal.yml';

type Name = 'appId' | 'channel' | 'store';

/**
 * Returns the app's id from `--app-id`, from package.json or from the Capacitor config.
 *
 * @throws {@link UsageError} if none of them has an app id.
 */
export async function readAppId(
  { appId, project }: { readonly appId?: string; readonly project: boolean },
  input: string,
): Promise<string> {
  return required(appId, project, input, '--app-id is needed', async (starts, tell) => {
    const found = await findSetting('appId', starts, tell);
    if (found !== undefined) return found;
    return configuredAppId(starts, (why) => tell(`${why}, and ${missing('appId', starts)}`));
  });
}

/** Returns the channel from `--channel` or from package.json. */
export async function readChannel(
  { channel, project }: { readonly channel?: string; readonly project: boolean },
  input: string,
): Promise<string> {
  const said = '--channel is needed, for example production';
  return required(channel, project, input, said, (starts, tell) =>
    findSetting('channel', starts, tell),
  );
}

/**
 * Returns the folder of the store from package.json, as a path from the current folder.
 *
 * @param said - The beginning of the error if package.json has none.
 */
export async function readStore(project: boolean, input: string, said: string): Promise<string> {
  return required(undefined, project, input, said, (starts, tell) =>
    findSetting('store', starts, tell),
  );
}

const NEEDED = /^(--[\w-]+(?:(?:, | and )--[\w-]+)*) (?:is|are) needed/;

/**
 * Waits for several settings, and names all flags that are needed in one error.
 *
 * @throws {@link UsageError} if a setting is missing. Any other error of a setting is thrown before.
 */
export async function allOf<T extends readonly unknown[]>(
  values: readonly [...{ [K in keyof T]: T[K] | Promise<T[K]> }],
): Promise<T> {
  const settled = await Promise.allSettled(values);
  const errors = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  const flags = errors.map((error) =>
    error instanceof UsageError ? NEEDED.exec(error.message)?.[1] : undefined,
  );
  const other = flags.indexOf(undefined);
  if (other !== -1) throw errors[other];
  const [first, ...rest] = flags.flatMap((one) => (one ?? '').split(/, | and /)).reverse();
  if (first !== undefined && rest.length === 0) throw errors[0];
  if (first !== undefined) {
    const isWithout = errors.every(({ message }) => message.endsWith(WITHOUT_PROJECT));
    const why = isWithout
      ? WITHOUT_PROJECT
      : 'run npx bundleseal init in the folder of the app, which writes them into package.json, or pass them';
    throw new UsageError(`${rest.reverse().join(', ')} and ${first} are needed: ${why}`);
  }
  return settled.map((one) => (one as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/** Returns the channel from package.json, if it has one. */
export async function findChannel(project: boolean): Promise<string | undefined> {
  const found = await findSetting('channel', await startsOf(project, '.'), () => {});
  return found?.value;
}

/** Looks for a setting in every package.json from some folders upwards, and returns the nearest one. */
async function findSetting(
  name: Name,
  starts: readonly string[],
  tell: (why: string) => void,
): Promise<(ValueSource & { readonly value: string }) | undefined> {
  for (const start of starts) {
    for await (const { path, content } of packagesFrom(start)) {
      const settings = content?.[SETTINGS];
      if (typeof settings !== 'object' || settings === null || !Object.hasOwn(settings, name))
        continue;
      const value: unknown = (settings as Readonly<Record<string, unknown>>)[name];
      const from = relative('.', path);
      if (typeof value !== 'string' || value === '' || (name === 'store' && /:\/\//.test(value))) {
        const what = name === 'store' ? 'the path of a folder' : 'a text';
        throw new UsageError(`${from}: ${SETTINGS}.${name} has to be ${what}`);
      }
      return { value: name === 'store' ? fromHere(dirname(path), value) : value, from };
    }
  }
  if (starts.length > 0) tell(missing(name, starts));
  return undefined;
}

const missing = (name: Name, [start]: readonly string[]) =>
  `no package.json in ${JSON.stringify(start)} or above has ${SETTINGS}.${name}, which npx bundleseal init writes`;

/** Converts a path in a package.json, which may be relative to that file, to a path from the current folder. */
function fromHere(folder: string, path: string): string {
  if (isAbsolute(path)) return path;
  const place = relative('.', join(folder, path));
  return place === '' ? '.' : place.split(sep).join('/');
}
