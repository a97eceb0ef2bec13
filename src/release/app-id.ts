// Checks the app id, which every call about releases requires.

import { describe } from '../options.ts';

/**
 * Requires an app id, so that no call accepts an object of another app. @throws `TypeError` if it is missing.
 */
export function checkAppId(appId: unknown): asserts appId is string {
  if (typeof appId === 'string' && appId !== '') return;
  const got = appId === '' ? 'an empty one' : describe(appId);
  throw new TypeError(`options.appId expected the app's id as a string, got ${got}`);
}
