// Firefox, by WebDriver BiDi, which it speaks itself: no driver has to be installed beside it.

import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';
import { contextsOf, INSECURE_NAME } from './browser.js';

const PROGRAM = process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr';

const { page, worker, serviceWorker, insecurePage, pwa } = contextsOf({
  isHere: () => existsSync(PROGRAM),
  missing: `apt-get install firefox-esr, or set FIREFOX_PATH (now ${PROGRAM})`,
  async open() {
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: PROGRAM,
      headless: true,
      protocolTimeout: 300_000,
      extraPrefsFirefox: { 'network.dns.localDomains': INSECURE_NAME },
    });
    return {
      version: (await browser.version()).replace('/', ' '),
      newTab: () => browser.newPage(),
      close: () => browser.close(),
    };
  },
});

export const FIREFOX = {
  firefox: page,
  'firefox-worker': worker,
  'firefox-service-worker': serviceWorker,
  'firefox-insecure-page': insecurePage,
  'firefox-pwa': pwa,
};
