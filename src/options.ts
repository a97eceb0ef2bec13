// Options that users write, refused by name where they are wrong.

export interface Progress {
  /** Plain bytes done. */
  readonly done: number;
  /** Plain bytes in all; `Infinity` for a stream whose size was not given. */
  readonly total: number;
}

/** Options of everything that takes time. */
export interface WorkOptions {
  /** Aborts: the call rejects with the signal's reason and leaves nothing running. */
  readonly signal?: AbortSignal;
  /** Called as the work goes on, and once at its end with `done` equal to `total`. */
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Refuses what is not an options object, and options that `call` does not know: a misspelt `expect` must
 * not open a bundle unchecked.
 */
export function checkOptions(call: string, options: unknown, known: readonly string[]): void {
  // A promise, a Map or an array has no members that are options, and would be taken for no options at all.
  if (!isRecord(options)) {
    throw new TypeError(`${call} expected an options object, got ${describe(options)}`);
  }
  for (const [name, value] of Object.entries(
    options as Record<string, Partial<AbortSignal> | null>,
  )) {
    if (!known.includes(name)) {
      throw new TypeError(
        `${call} does not know the option "${name}": it takes ${known.join(', ')}`,
      );
    }
    if (value === undefined) continue;
    if (name === 'signal' && typeof value?.throwIfAborted !== 'function') {
      throw new TypeError(`options.${name} expected an AbortSignal, got ${describe(value)}`);
    }
    if (name.startsWith('on') && typeof value !== 'function') {
      throw new TypeError(`options.${name} expected a function, got ${describe(value)}`);
    }
  }
}

/** Whether a value holds what it holds as members, by their names. */
export function isRecord(value: unknown): boolean {
  return describe(value) === 'an object';
}

/** Bytes that something of a caller's says it has. */
export function checkSize(size: number, name: string): number {
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new TypeError(`${name}.size expected a number of bytes, got ${shown(size)}`);
}

/** A number as it is, and of anything else its kind. */
export function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : describe(value);
}

/** A value's kind, for a message; never the value, which may be a key. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return value === undefined ? 'nothing' : `a ${typeof value}`;
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind === 'Object' ? 'object' : kind}`;
}
