// A static website with a store of updates, for deploying examples/pwa.

import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookup } from 'mrmime';
import { build } from 'vite';
import { publishRelease, stampRelease } from '../../src/node.ts';
import { builtLibrary, builtOnce } from './built-once.ts';
import { sendFile } from './store-server.ts';
import { keyB } from './vectors.ts';

const ROOT = join(import.meta.dirname, '../..');
const HOUR = 3_600_000;

/** The differences between builds of the example. */
export interface Version {
  readonly name: string;
  /** The app throws before it shows anything. */
  readonly isBroken?: boolean;
  /** Code at the beginning of the service worker. */
  readonly worker?: string;
  /** The store of releases. Default: that of the example. */
  readonly store?: 'cacheStore' | 'opfsStore';
  /** Code that gives the address of the updates. Default: the address in the example. */
  readonly address?: string;
}

/**
 * Builds an example with Vite, as a user does, against the sources of this library. All files of tests of a run share a build,
 * and each call returns a copy of it.
 */
export async function buildExample(example: string, version: Version): Promise<string> {
  const digest = createHash('sha256')
    .update(JSON.stringify([example, version]))
    .digest('hex');
  const built = await builtOnce(`build-${digest}`, (path) => buildInto(path, example, version));
  const folder = mkdtempSync(join(tmpdir(), 'bundleseal-build-'));
  cpSync(built, folder, { recursive: true });
  return folder;
}

async function buildInto(
  outDir: string,
  example: string,
  { name, isBroken = false, worker = '', store = 'cacheStore', address }: Version,
): Promise<void> {
  const plugins = [
    {
      name: 'version',
      resolveId: (id: string) => (id.endsWith('/bundleseal-key.js') ? '\0key' : undefined),
      load: (id: string) =>
        id === '\0key' ? `export const publicKeys = [${JSON.stringify(keyB.spki)}];` : undefined,
      transform(code: string, id: string) {
        if (/\/src\/sw\.js\b/.test(id)) return `${worker}\n${code}`;
        if (id.endsWith('/src/updater.js')) {
          const stored = code.replaceAll('cacheStore', store);
          return address === undefined ? stored : stored.replace(/'https:[^']+'/, address);
        }
        if (!id.endsWith('/src/app.js')) return undefined;
        if (!code.includes("'version 1'")) throw new Error('the example shows no version');
        const fault = isBroken ? "throw new Error('this version is broken');" : '';
        return code.replace('() {', `() { ${fault}`).replace("'version 1'", `'${name}'`);
      },
    },
  ];
  const root = join(ROOT, 'examples', example);
  await build({
    root,
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true },
    resolve: {
      alias: { 'bundleseal/update': join(await builtLibrary(), 'update.js') },
    },
    plugins,
    worker: { plugins: () => plugins },
  });
}

export interface Site {
  readonly origin: string;
  readonly requests: readonly string[];
  /** Ends every connection without an answer. */
  isDown: boolean;
  /** Answers 404 for every bundle and patch. */
  hasNoObjects: boolean;
  /** Replaces what the website serves, except the file at the path `kept`. */
  deploy(build: string, kept?: string): void;
  publish(build: string, version: string): ReturnType<typeof publishRelease>;
  close(): void;
}

/** Serves a build that was stamped an hour ago, and an empty store under `/updates/`. */
export async function openSite(first: string): Promise<Site> {
  await stampRelease(first, { now: Date.now() - HOUR });
  const store = mkdtempSync(join(tmpdir(), 'bundleseal-store-'));
  const requests: string[] = [];
  let folder = first;
  let before = first;
  let keptPath: string | undefined;
  let published = 0;
  const server: Server = createServer((request: IncomingMessage, response) => {
    if (site.isDown) {
      request.socket.destroy();
      return;
    }
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    requests.push(pathname);
    response.setHeader('Access-Control-Allow-Origin', '*');
    const [root, path] = pathname.startsWith('/updates/')
      ? [store, pathname.slice('/updates/'.length)]
      : [
          pathname === keptPath ? before : folder,
          pathname.endsWith('/') ? `${pathname}index.html` : pathname,
        ];
    const file = join(root, path);
    const stats = statSync(file, { throwIfNoEntry: false });
    const isMissing = site.hasNoObjects && pathname.startsWith('/updates/objects/');
    if (isMissing || stats?.isFile() !== true) {
      response.writeHead(404).end('not found');
      return;
    }
    response.writeHead(200, {
      'Content-Length': stats.size,
      'Content-Type': lookup(file) ?? 'application/octet-stream',
      'Cache-Control': path.startsWith('objects/') ? 'max-age=31536000, immutable' : 'no-cache',
    });
    sendFile(file, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const site: Site = {
    origin: `http://127.0.0.1:${port}`,
    requests,
    isDown: false,
    hasNoObjects: false,
    deploy(next, kept) {
      if (kept !== undefined) before = folder;
      keptPath = kept;
      folder = next;
    },
    publish(next, version) {
      published += 1;
      return publishRelease(next, {
        store,
        channel: 'production',
        appId: 'com.example.app',
        privateKey: keyB.pkcs8,
        version,
        builtIn: [first],
        // From the last release and the built-in one. A patch takes as much computing as a start of a page.
        patches: 1,
        // Each release is later than the stamp and than the previous release.
        now: Date.now() - HOUR + 60_000 * published,
      });
    },
    close() {
      server.closeAllConnections();
      server.close();
      rmSync(store, { recursive: true, force: true });
    },
  };
  return site;
}
