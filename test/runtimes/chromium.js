// Chromium, by Playwright.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../support/chromium.js';
import { contextsOf, INSECURE_NAME } from './browser.js';

const { page, worker, serviceWorker, insecurePage } = contextsOf({
  isHere: () => existsSync(CHROMIUM_PATH),
  missing: `apt-get install chromium, or set CHROMIUM_PATH (now ${CHROMIUM_PATH})`,
  async open() {
    const browser = await chromium.launch({
      executablePath: CHROMIUM_PATH,
      args: [...CHROMIUM_ARGUMENTS, `--host-resolver-rules=MAP ${INSECURE_NAME} 127.0.0.1`],
    });
    return {
      version: `Chromium ${browser.version()}`,
      async evaluate(url, call) {
        const tab = await browser.newPage();
        await tab.goto(url);
        return tab.evaluate(`${call}()`);
      },
      close: () => browser.close(),
    };
  },
});

export const CHROMIUM = {
  chromium: page,
  worker,
  'service-worker': serviceWorker,
  'insecure-page': insecurePage,
};
