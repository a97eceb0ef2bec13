// Runs the same work with each inflater of this runtime.

import { findNative } from '../../src/archive/read/native.ts';

/** Hides all other inflaters, so that the library finds only this one. */
const INFLATERS: Record<string, () => () => void> = {
  'node:zlib': () => () => {},
  DecompressionStream: hideZlib,
  ours() {
    const showZlib = hideZlib();
    const { DecompressionStream } = globalThis;
    Reflect.deleteProperty(globalThis, 'DecompressionStream');
    return () => {
      Object.assign(globalThis, { DecompressionStream });
      showZlib();
    };
  },
};

function hideZlib(): () => void {
  const { process } = globalThis;
  const find = process?.getBuiltinModule;
  if (find === undefined) return () => {};
  process.getBuiltinModule = ((name: string) =>
    name === 'node:zlib' ? undefined : find.call(process, name)) as typeof find;
  return () => {
    process.getBuiltinModule = find;
  };
}

/** Runs `work` with this inflater, one call after the other. */
export async function withInflater<T>(name: string, work: () => Promise<T>): Promise<T> {
  const show = (INFLATERS[name] as () => () => void)();
  try {
    return await work();
  } finally {
    show();
  }
}

/**
 * Finds the inflaters that the library uses here. It never uses a native inflater that is not strict.
 */
export async function findInflaters(): Promise<string[]> {
  const found = new Map<unknown, string>();
  for (const name of Object.keys(INFLATERS).reverse()) {
    found.set(await withInflater(name, async () => findNative()), name);
  }
  return [...found.values()];
}
