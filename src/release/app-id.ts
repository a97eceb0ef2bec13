// The app that everything of a release is for.

import { describe } from '../options.ts';

/** @throws `TypeError`: every call names the app, so that no object of another app is taken for one of this app. */
export function checkAppId(appId: unknown): asserts appId is string {
  if (typeof appId === 'string' && appId !== '') return;
  const got = appId === '' ? 'an empty one' : describe(appId);
  throw new TypeError(`options.appId expected the app's id as a string, got ${got}`);
}
