// Chromium, by Playwright.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../support/chromium.js';
import { contextsOf, INSECURE_NAME } from './browser.js';

const { page, worker, serviceWorker, insecurePage, pwa } = contextsOf({
  isHere: () => existsSync(CHROMIUM_PATH),
  missing: `apt-get install chromium, or set CHROMIUM_PATH (now ${CHROMIUM_PATH})`,
  async open() {
    const browser = await chromium.launch({
      executablePath: CHROMIUM_PATH,
      // Playwright turns off the cache of the back button, which visitors have.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
      args: [...CHROMIUM_ARGUMENTS, `--host-resolver-rules=MAP ${INSECURE_NAME} 127.0.0.1`],
    });
    // Tabs of one context share their storage.
    const context = await browser.newContext();
    return {
      version: `Chromium ${browser.version()}`,
      newTab: () => context.newPage(),
      close: () => browser.close(),
    };
  },
});

export const CHROMIUM = {
  chromium: page,
  worker,
  'service-worker': serviceWorker,
  'insecure-page': insecurePage,
  pwa,
};
