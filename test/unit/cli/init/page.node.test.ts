// The module that `init` writes for a page, in a page that is made of stand-ins.
// @vitest-environment-options { "own": "init-page" }

import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Answers } from '../../../../src/cli/init/answers.ts';
import type { Project } from '../../../../src/cli/init/project.ts';
import { websiteFiles } from '../../../../src/cli/init/website.ts';
import { writeFiles } from '../../../support/folder-files.ts';
import { useFolder } from '../../../support/use-folder.ts';
import { utf8 } from '../../../support/zip.ts';

const folder = useFolder();

/** The library, of which a stand-in says whether the page shows something. */
const LIBRARY = {
  'package.json': utf8('{"type":"module"}'),
  'node_modules/bundleseal/package.json': utf8(
    '{"type":"module","exports":{"./update":"./update.js"}}',
  ),
  'node_modules/bundleseal/update.js': utf8(
    'export const waitForFirstScreen = async (options) => globalThis.isShown(options);',
  ),
};

interface Shown {
  /** The text of the page before its first screen. */
  readonly text?: string;
  readonly isOnline?: boolean;
  /** The headers with which the service worker describes the release of the page. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The headers of a release on trial. */
const TRIAL = { 'bundleseal-trial': 'true' };
const asked: unknown[] = [];
const answered: Response[] = [];

function stubWorker(headers: Readonly<Record<string, string>>): void {
  vi.stubGlobal('fetch', async (...request: unknown[]) => {
    asked.push(request);
    const answer = new Response('{}', { headers });
    answered.push(answer);
    return answer;
  });
}

let loads = 0;

/** Writes the modules of a page, which every load imports anew. Returns the URL of its `update.js`. */
function writePage(framework: Answers['framework'], updater: string): string {
  const project = { isTypeScript: false, hasVite: false } as Project;
  const answers = { framework, channel: 'production' } as Answers;
  const module = websiteFiles(project, answers).find(({ path }) => path.endsWith('/update.js'));
  loads += 1;
  const dir = folder.at(`load-${loads}`);
  const own = { 'update.js': utf8(module?.content as string), 'updater.js': utf8(updater) };
  writeFiles(dir, { ...LIBRARY, ...own });
  return pathToFileURL(`${dir}/update.js`).href;
}

/** Loads a page that throws at once. Returns its text and how often it has asked to be loaded again. */
async function loadBroken({ text = '', isOnline = true, headers = TRIAL }: Shown = {}) {
  // The bundler has put code of the updater into the script that threw.
  const update = writePage(
    'cra',
    "export const openUpdater = () => { throw new Error('broken'); };",
  );
  stubWorker(headers);
  let reloads = 0;
  const listeners: (() => void)[] = [];
  const body = { innerText: text, textContent: text };
  vi.stubGlobal('window', {
    isSecureContext: true,
    addEventListener: (type: string, listen: () => void) =>
      type === 'error' && listeners.push(listen),
    location: { reload: () => (reloads += 1) },
  });
  vi.stubGlobal('document', { body, querySelector: () => null });
  vi.stubGlobal('navigator', {
    onLine: isOnline,
    serviceWorker: { controller: {}, ready: Promise.resolve({ scope: '/' }) },
  });
  await import(update);
  vi.useFakeTimers();
  for (const listen of listeners) listen();
  await vi.advanceTimersByTimeAsync(500);
  vi.useRealTimers();
  return { text: body.textContent, reloads };
}

/** A tab, which keeps its session storage when the page is loaded again. */
function openTab(): void {
  const items = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => items.set(name, value),
    removeItem: (name: string) => items.delete(name),
  });
  vi.spyOn(console, 'error').mockImplementation(() => {});
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Loads a page that works, on a device that has these blocked releases. Returns the ids of which the page warns. */
async function loadBlocked(ids: readonly string[]): Promise<unknown[]> {
  const update = writePage(
    'static',
    `export const openUpdater = () => ({
      attach: async () => 'a',
      confirm: async () => {},
      status: async () => ({ blocked: ${JSON.stringify(ids.map((id) => ({ id, until: 'x' })))} }),
      update: async () => globalThis.updated({ check: {} }),
    });`,
  );
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.stubGlobal('window', {
    isSecureContext: true,
    addEventListener: () => {},
  });
  vi.stubGlobal('requestAnimationFrame', (draw: () => void) => draw());
  vi.stubGlobal('navigator', {
    serviceWorker: {
      register: async () => ({ installing: null, scope: '/' }),
      ready: Promise.resolve({ scope: '/' }),
    },
  });
  const updated = new Promise((resolve) => {
    vi.stubGlobal('updated', (result: unknown) => {
      resolve(undefined);
      return result;
    });
  });
  // The module for pages without a bundler calls keepUpToDate() itself.
  await import(update);
  await updated;
  const { calls } = warn.mock;
  warn.mockRestore();
  expect(calls).toEqual(calls.map(([, id]) => ['A release failed on this device:', id]));
  return calls.map(([, id]) => id);
}

/** Loads a page that calls `keepUpToDate` on a device with a release on trial. */
async function loadOnTrial({
  isShown,
  earlyEvents = [],
  events = [],
}: {
  /** The answer of `waitForFirstScreen`. */
  readonly isShown: boolean;
  /** What the page hears between the call and its first frames. */
  readonly earlyEvents?: readonly string[];
  /** What the page hears after its first frames. */
  readonly events?: readonly string[];
}) {
  const update = writePage(
    'cra',
    `export const openUpdater = () => ({
      attach: async () => 'b',
      confirm: async (id) => globalThis.confirmed.push(id),
      status: async () => ({ trial: { id: 'b', starts: 1 }, running: { id: 'b' }, blocked: [] }),
      update: async () => ({ check: {} }),
    });`,
  );
  let reloads = 0;
  stubWorker(TRIAL);
  const confirmed: string[] = [];
  const listeners = new Map<string, () => void>();
  vi.stubGlobal('confirmed', confirmed);
  vi.stubGlobal('window', {
    isSecureContext: true,
    addEventListener: (type: string, listen: () => void) => listeners.set(type, listen),
    location: { reload: () => (reloads += 1) },
  });
  vi.stubGlobal('document', { body: { innerText: '', textContent: '' } });
  vi.stubGlobal('requestAnimationFrame', (draw: () => void) => {
    for (const type of earlyEvents) listeners.get(type)?.();
    draw();
  });
  vi.stubGlobal('navigator', {
    onLine: true,
    serviceWorker: {
      controller: {},
      register: async () => ({ installing: null, scope: '/' }),
      ready: Promise.resolve({ scope: '/' }),
    },
  });
  vi.stubGlobal('isShown', () => {
    for (const type of events) listeners.get(type)?.();
    return isShown;
  });
  const { keepUpToDate } = await import(update);
  expect(await keepUpToDate()).toBe(false);
  return { confirmed, reloads };
}

const NOT_STARTED = 'This version did not start. Reload the page to try again.';

describe('a page that throws before its first screen', () => {
  it('asks the service worker whether its release is on trial, and loads itself again', async () => {
    openTab();
    asked.length = 0;
    answered.length = 0;
    expect(await loadBroken()).toEqual({ text: NOT_STARTED, reloads: 1 });
    expect(asked).toEqual([['bundleseal-release.json', { cache: 'no-store' }]]);
    // Otherwise the browser shows the request as failed.
    expect(answered.map(({ bodyUsed }) => bodyUsed)).toEqual([true]);
  });

  it('loads itself again if it has drawn a part of the screen', async () => {
    openTab();
    expect(await loadBroken({ text: 'My shop' })).toEqual({ text: NOT_STARTED, reloads: 1 });
  });

  it('loads itself again at most three times', async () => {
    openTab();
    const pages = [];
    for (let load = 0; load < 5; load++) pages.push(await loadBroken());
    expect(pages.map(({ reloads }) => reloads)).toEqual([1, 1, 1, 0, 0]);
    expect(new Set(pages.map(({ text }) => text))).toEqual(new Set([NOT_STARTED]));
  });

  it('only says so while it is offline', async () => {
    openTab();
    const page = await loadBroken({ isOnline: false });
    expect(page).toEqual({ text: NOT_STARTED, reloads: 0 });
  });

  it('stays as it is if its release is not on trial', async () => {
    openTab();
    const page = await loadBroken({ text: 'a screen', headers: {} });
    expect(page).toEqual({ text: 'a screen', reloads: 0 });
  });
});

describe('a page with a release on trial', () => {
  it('confirms the release when it shows something', async () => {
    openTab();
    expect(await loadOnTrial({ isShown: true })).toEqual({ confirmed: ['b'], reloads: 0 });
  });

  it('loads itself again if it shows nothing', async () => {
    openTab();
    expect(await loadOnTrial({ isShown: false })).toEqual({ confirmed: [], reloads: 1 });
  });

  it('confirms the release in spite of an error between its first frames and its first screen', async () => {
    openTab();
    const events = ['error', 'unhandledrejection'];
    expect(await loadOnTrial({ isShown: true, events })).toEqual({ confirmed: ['b'], reloads: 0 });
  });
});

describe('a page with a release on trial that reports an error before its first frames', () => {
  it('says in the console that this start does not confirm the release', async () => {
    openTab();
    vi.useFakeTimers();
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const page = { isShown: true, earlyEvents: ['error', 'unhandledrejection'] };
    expect(await loadOnTrial(page)).toEqual({ confirmed: [], reloads: 0 });
    await vi.advanceTimersByTimeAsync(500);
    vi.useRealTimers();
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^This start does not confirm the new release: the page reported/)],
    ]);
  });
});

describe('a page on a device with blocked releases', () => {
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)] as const;

  it('writes the id of each one to the console, once in each tab', async () => {
    openTab();
    expect(await loadBlocked([a])).toEqual([a]);
    expect(await loadBlocked([a])).toEqual([]);
    expect(await loadBlocked([a, b])).toEqual([b]);
    openTab();
    expect(await loadBlocked([a, b])).toEqual([a, b]);
  });

  it('tells again of a release that fails again after its block has ended', async () => {
    openTab();
    expect(await loadBlocked([a])).toEqual([a]);
    expect(await loadBlocked([])).toEqual([]);
    expect(await loadBlocked([a])).toEqual([a]);
  });
});
