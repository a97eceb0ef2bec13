// A Chromium that all files of tests in a process share: to start one takes as long as to load five pages.

import { type Browser, chromium } from 'playwright';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from './chromium.js';

let launched: Promise<Browser> | undefined;

/** Starts Chromium without a window, or returns the one that runs. Playwright ends it with the process of the tests. */
export async function openBrowser(): Promise<Browser> {
  if (!(await launched)?.isConnected()) {
    launched = chromium.launch({ executablePath: CHROMIUM_PATH, args: CHROMIUM_ARGUMENTS });
  }
  return launched as Promise<Browser>;
}

/** Closes every page, so that none runs beside the next file of tests. Nothing that a page stored remains. */
export async function closePages(): Promise<void> {
  const browser = await launched;
  for (const context of browser?.contexts() ?? []) await context.close();
}
