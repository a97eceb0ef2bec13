// Helpers for tests of files: a folder, its content, and a file system with faults.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { inlineWorkers } from '../../build/inline-worker.js';

const SUFFIX = '.bundleseal-tmp';

export function makeFolder(): string {
  return fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'bundleseal-files-')));
}

/** Names of the temporary files in a folder. */
export function temporaries(folder: string): string[] {
  return fs.readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
}

/** Everything in a folder: names, content, mode bits, and where links point. */
export function snapshot(folder: string): Record<string, string> {
  const entries = fs.readdirSync(folder).sort();
  return Object.fromEntries(entries.map((name) => [name, stateOf(join(folder, name))]));
}

function stateOf(path: string): string {
  const stats = fs.lstatSync(path);
  const mode = (stats.mode & 0o7777).toString(8);
  if (stats.isSymbolicLink()) return `link to ${fs.readlinkSync(path)}`;
  if (!stats.isFile()) return `${mode} no file`;
  const bytes = fs.readFileSync(path);
  const digest = createHash('sha256').update(bytes).digest('hex');
  return `${mode} ${stats.ino} ${bytes.length} bytes ${digest}`;
}

/**
 * Lists the open files of this process in a folder. Returns an empty list if the system does not reveal them.
 */
export function openIn(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return fs.readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = fs.readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}

export interface FileSystemHooks {
  /**
   * Called with the name of a call and its arguments, which it may change. If it returns an error, the call fails
   * with it, but a `close` still closes. A promise is awaited.
   */
  readonly before?: (name: string, args: unknown[]) => Error | Promise<void> | undefined;
  readonly after?: (name: string) => void;
}

const HANDLE_CALLS = [
  ...['read', 'write', 'stat', 'chmod', 'sync', 'datasync', 'truncate'],
  ...['readFile', 'writeFile'],
];

type Functions = Record<string, (...args: unknown[]) => unknown>;

/**
 * Runs `work` while the calls to the file system of this process pass through the hooks. Synchronous calls have the
 * names of the asynchronous ones and are not delayed.
 */
export async function onFileSystem<T>(hooks: FileSystemHooks, work: () => Promise<T>): Promise<T> {
  const { before: hook = () => undefined, after = () => {} } = hooks;
  let isInHook = false;
  const before: typeof hook = (name, args) => {
    const isOuter = !isInHook;
    isInHook = true;
    try {
      return hook(name, args);
    } finally {
      if (isOuter) isInHook = false;
    }
  };
  // Loads parts of Node that keep references to the original functions.
  await fs.promises.rm(join(tmpdir(), 'bundleseal-no-such-file'), { force: true, recursive: true });
  const handle = await fs.promises.open(tmpdir(), 'r');
  const handles = Object.getPrototypeOf(handle) as Functions;
  await handle.close();
  const undo: (() => void)[] = [];

  function wrap(holder: Functions, name: string, called: string): void {
    const original = holder[name];
    if (typeof original !== 'function') return;
    holder[name] = function wrapped(this: unknown, ...args: unknown[]) {
      const held = before(called, args);
      const error = held instanceof Error ? held : undefined;
      const callback = args.at(-1);
      if (typeof callback === 'function') {
        if (error !== undefined && name !== 'close') {
          return void process.nextTick(callback as () => void, error);
        }
        args[args.length - 1] = (...results: unknown[]) => {
          after(called);
          callback(...(error === undefined ? results : [error]));
        };
        if (held === undefined || error !== undefined) return original.apply(this, args);
        return void (held as Promise<void>).then(() => original.apply(this, args));
      }
      if (error !== undefined && name !== 'close') return Promise.reject(error);
      const result = Promise.resolve(error ?? held).then(() => original.apply(this, args));
      return result.then(
        (value) => {
          if (error !== undefined) throw error;
          after(called);
          // Wraps the method of each handle, because its class is not accessible.
          if (name === 'open') wrap(value as Functions, 'close', 'handle.close');
          return value;
        },
        (reason: unknown) => {
          after(called);
          throw reason;
        },
      );
    };
    undo.push(() => {
      holder[name] = original;
    });
  }

  function wrapSync(holder: Functions, name: string, called: string): void {
    const original = holder[name] as (...args: unknown[]) => unknown;
    holder[name] = function wrapped(...args: unknown[]) {
      // Ignores calls that a hook itself makes.
      if (isInHook) return original.apply(holder, args);
      const held = before(called, args);
      if (held instanceof Error) {
        if (called === 'close') original.apply(holder, args);
        throw held;
      }
      try {
        return original.apply(holder, args);
      } finally {
        after(called);
      }
    };
    undo.push(() => {
      holder[name] = original;
    });
  }

  /** Node makes `readFileSync` of other calls, which are not the work's own. */
  function hide(holder: Functions, name: string): void {
    const original = holder[name] as (...args: unknown[]) => unknown;
    holder[name] = function hidden(...args: unknown[]) {
      const isOuter = !isInHook;
      isInHook = true;
      try {
        return original.apply(holder, args);
      } finally {
        if (isOuter) isInHook = false;
      }
    };
    undo.push(() => {
      holder[name] = original;
    });
  }

  const promises = fs.promises as unknown as Functions;
  for (const name of Object.keys(promises)) {
    if (name !== 'constants' && name !== 'watch') wrap(promises, name, name);
  }
  const callbacks = ['read', 'write', 'readv', 'writev', 'fsync', 'fdatasync', 'close', 'open'];
  const quick = ['read', 'write', 'close', 'open', 'fstat', 'stat', 'lstat', 'readdir', 'mkdir'];
  for (const name of [...callbacks, 'fstat', 'stat', 'lstat', 'readdir', 'mkdir']) {
    wrap(fs as unknown as Functions, name, name);
  }
  hide(fs as unknown as Functions, 'readFileSync');
  for (const name of quick) wrapSync(fs as unknown as Functions, `${name}Sync`, name);
  for (const name of HANDLE_CALLS) {
    wrap(handles, name, `handle.${name}`);
  }
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    for (const restore of undo) restore();
    syncBuiltinESMExports();
  }
}

/** Bundles `bundleseal/node` into one file for plain Node. */
export function buildModule(folder: string): Promise<string> {
  const entry = join(import.meta.dirname, '../../src/node.ts');
  return bundleScript(
    join(folder, 'bundleseal-node.mjs'),
    `export * from ${JSON.stringify(entry)}`,
  );
}

/**
 * Bundles a script with the sources that it imports, so that plain Node runs it. Its imports are relative to the current folder.
 */
export async function bundleScript(outfile: string, contents: string): Promise<string> {
  await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    plugins: [inlineWorkers()],
    logLevel: 'error',
  });
  return outfile;
}

/** A call in another process. `options` must be JSON. */
export interface ChildJob {
  readonly call: 'encryptFile' | 'decryptFile';
  readonly input: string;
  readonly output: string;
  readonly options: object;
}

export interface ChildOrders {
  readonly jobs: readonly ChildJob[];
  /** Whether to repeat the jobs without end. */
  readonly forever?: boolean;
  /** The process stops itself with SIGSTOP after this part of the first job. */
  readonly stopAt?: number;
  /** The user id that the process takes before the first job. */
  readonly user?: number;
}

interface ChildAnswer {
  readonly errors: readonly ({ code: string; cause?: string; message: string } | null)[];
  /** The peak of memory in KiB. */
  readonly maxMemory: number;
}

export interface Child {
  readonly process: ChildProcess;
  /** Resolves when the process is about to begin. */
  readonly started: Promise<void>;
  readonly ended: Promise<ChildAnswer | undefined>;
}

/** Runs `test/support/file-child.js`. `limit`: the largest allowed file in bytes. */
export function startChild(module: string, orders: ChildOrders, limit?: number): Child {
  const script = join(import.meta.dirname, 'file-child.js');
  const run = [process.execPath, script, module, JSON.stringify(orders)] as const;
  const limited = [
    '/bin/sh',
    '-c',
    `ulimit -f ${Math.floor((limit ?? 0) / 512)} && exec "$0" "$@"`,
    ...run,
  ] as const;
  const [command, ...args] = limit === undefined ? run : limited;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  let begin = () => {};
  const started = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = new Promise<ChildAnswer | undefined>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      begin();
    });
    child.on('close', () => {
      begin();
      const answer = text.split('\n')[1] ?? '';
      resolve(answer === '' ? undefined : (JSON.parse(answer) as ChildAnswer));
    });
  });
  return { process: child, started, ended };
}
