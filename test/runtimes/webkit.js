// WebKit as WebKitGTK has it: the engine family of the WebViews of iOS. By WebDriver (W3C), whose few calls that are
// needed here are made directly.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { contextsOf } from './browser.js';

const DRIVER = '/usr/bin/WebKitWebDriver';
export const SCREEN = '/usr/bin/xvfb-run';
const LIBRARIES = '/usr/lib/x86_64-linux-gnu';
const SCRIPT_TIMEOUT = 290_000;

/** The browser that comes with the library. */
export function findBrowser() {
  if (!existsSync(LIBRARIES)) return undefined;
  const folders = readdirSync(LIBRARIES).filter((name) => name.startsWith('webkit2gtk-'));
  return folders.map((name) => join(LIBRARIES, name, 'MiniBrowser')).find(existsSync);
}

/** An address that is not the loopback's; the driver has no way to name one. */
function ownAddress() {
  const all = Object.values(networkInterfaces()).flat();
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

async function call(port, method, path, body) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`WebDriver: ${value.error}: ${value.message}`);
  return value;
}

async function untilReady(port) {
  for (let tries = 0; tries < 100; tries++) {
    try {
      return await call(port, 'GET', '/status');
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error(`${DRIVER} did not start`);
}

/** A window, because a tab behind another one is hidden. The driver has one current window, to which each of its commands goes. */
async function newTab(port, session) {
  const { handle } = await call(port, 'POST', `${session}/window/new`, { type: 'window' });
  const command = async (method, path, body) => {
    await call(port, 'POST', `${session}/window`, { handle });
    return call(port, method, `${session}${path}`, body);
  };
  return {
    goto: (url) => command('POST', '/url', { url }),
    async evaluate(expression) {
      const script = `const done = arguments[0];
        (async () => ${expression})().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
      const { value, error } = await command('POST', '/execute/async', { script, args: [] });
      if (error !== undefined) throw new Error(error);
      return value;
    },
    close: () => command('DELETE', '/window'),
  };
}

export const isHere = () =>
  existsSync(DRIVER) &&
  existsSync(SCREEN) &&
  findBrowser() !== undefined &&
  ownAddress() !== undefined;

export const MISSING = 'apt-get install webkit2gtk-driver xvfb xauth; a network address of its own';

// Root has no sandbox to start.
export const ENVIRONMENT = { ...process.env, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' };

/** Ends a process and those that it has started. */
export function stopGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
}

const { page, worker, serviceWorker, insecurePage, pwa } = contextsOf({
  isHere,
  missing: MISSING,
  insecureName: ownAddress(),
  async open() {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    // A group of its own, so that the screen and the browser end with it.
    const driver = spawn(SCREEN, ['-a', DRIVER, `--port=${port}`], {
      stdio: 'ignore',
      detached: true,
      env: ENVIRONMENT,
    });
    const close = () => stopGroup(driver);
    try {
      await untilReady(port);
      const options = { binary: findBrowser(), args: ['--automation'] };
      const { sessionId, capabilities } = await call(port, 'POST', '/session', {
        capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } },
      });
      const session = `/session/${sessionId}`;
      await call(port, 'POST', `${session}/timeouts`, { script: SCRIPT_TIMEOUT });
      return {
        version: `${capabilities.browserName} ${capabilities.browserVersion}`,
        newTab: () => newTab(port, session),
        async close() {
          await call(port, 'DELETE', session).catch(() => {});
          close();
        },
      };
    } catch (error) {
      close();
      throw error;
    }
  },
});

export const WEBKIT = {
  webkit: page,
  'webkit-worker': worker,
  'webkit-service-worker': serviceWorker,
  'webkit-insecure-page': insecurePage,
  'webkit-pwa': pwa,
};
