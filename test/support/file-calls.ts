// Counts the calls of the file system that this process makes.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

/** Calls by file name. All files in a test need different names, because folders are reached through descriptors. */
export interface FileCalls {
  readonly opened: Map<string, number>;
  /** Calls of `stat` and `lstat`. */
  readonly stated: Map<string, number>;
  /** Bytes that were read through descriptors. */
  readonly read: Map<string, number>;
  /** Number of folders that were listed. */
  listed: number;
}

type Call = (...args: unknown[]) => unknown;

/**
 * Counts the calls that `work` makes. Replaces functions of node:fs and of its promises meanwhile, also for modules
 * that have imported them.
 */
export async function countFileCalls(work: () => Promise<void>): Promise<FileCalls> {
  const calls: FileCalls = { opened: new Map(), stated: new Map(), read: new Map(), listed: 0 };
  const names = new Map<unknown, string>();
  const before: (() => void)[] = [];
  const nameOf = (path: unknown) => basename(String(path));
  const add = (to: Map<string, number>, name: string, by = 1) =>
    to.set(name, (to.get(name) ?? 0) + by);

  /** Calls `seen` with the arguments and the result of each call, synchronous, with a callback or with a promise. */
  function watch(
    from: object,
    name: string,
    seen: (args: unknown[], result: unknown) => void,
  ): void {
    const functions = from as Record<string, Call>;
    const own = functions[name] as Call;
    before.push(() => {
      functions[name] = own;
    });
    functions[name] = Object.assign((...args: unknown[]) => {
      const done = args.at(-1);
      if (typeof done === 'function') {
        args[args.length - 1] = (error: unknown, result: unknown, ...rest: unknown[]) => {
          if (error === null) seen(args, result);
          done(error, result, ...rest);
        };
        return own.apply(from, args);
      }
      const result = own.apply(from, args);
      if (result instanceof Promise) {
        return result.then((value) => {
          seen(args, value);
          return value;
        });
      }
      seen(args, result);
      return result;
    }, own);
  }

  const { promises } = fs;
  for (const [from, name] of [
    [fs, 'openSync'],
    [fs, 'open'],
    [promises, 'open'],
  ] as const) {
    watch(from, name, ([path], result) => {
      names.set(result, nameOf(path));
      add(calls.opened, nameOf(path));
    });
  }
  for (const [from, name] of [
    [fs, 'readFileSync'],
    [fs, 'readFile'],
    [promises, 'readFile'],
  ] as const) {
    watch(from, name, ([path]) => add(calls.opened, nameOf(path)));
  }
  for (const [from, name] of [
    [fs, 'readSync'],
    [fs, 'read'],
  ] as const) {
    watch(from, name, ([fd], result) => add(calls.read, names.get(fd) ?? '', result as number));
  }
  for (const name of ['stat', 'lstat', 'statSync', 'lstatSync']) {
    watch(fs, name, ([path]) => add(calls.stated, nameOf(path)));
  }
  for (const name of ['stat', 'lstat']) {
    watch(promises, name, ([path]) => add(calls.stated, nameOf(path)));
  }
  for (const [from, name] of [
    [fs, 'readdirSync'],
    [fs, 'readdir'],
    [promises, 'readdir'],
  ] as const) {
    watch(from, name, () => {
      calls.listed += 1;
    });
  }
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    for (const restore of before) restore();
    syncBuiltinESMExports();
  }
  return calls;
}
