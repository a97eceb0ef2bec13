// Checks of options. Messages name the wrong option.

export interface Progress {
  /** Plain bytes done. */
  readonly done: number;
  /** All plain bytes; `Infinity` for a stream whose size was not given. */
  readonly total: number;
}

/** Options of everything that takes time. */
export interface WorkOptions {
  /** Aborts: the call rejects with the signal's reason and leaves nothing running. */
  readonly signal?: AbortSignal;
  /** Called during the work, and once at its end with `done` equal to `total`. */
  readonly onProgress?: (progress: Progress) => void;
}

type RuleOf<Value> = [Value] extends [AbortSignal]
  ? 'signal'
  : [Value] extends [(...given: never[]) => unknown]
    ? 'function'
    : 'any';

/**
 * Every option of a call, with what {@link checkOptions} demands of its value. Derived from the type of the options, so
 * that none can be left out. `'any'`: the call checks the value itself.
 */
export type OptionRules<Options> = {
  readonly [Name in keyof Options]-?: RuleOf<NonNullable<Options[Name]>>;
};

/** The options of everything that takes time. */
export const WORK_OPTIONS: OptionRules<WorkOptions> = { signal: 'signal', onProgress: 'function' };

/**
 * Throws if `options` is not an options object, has a member that `call` does not know, or has a member that breaks its
 * rule. A misspelt `expect` must not open a bundle unchecked.
 */
export function checkOptions<Options extends object>(
  call: string,
  options: Options,
  rules: OptionRules<NoInfer<Options>>,
): void {
  // A promise, a Map or an array has no option among its members, so it would count as no options at all.
  if (!isRecord(options)) {
    throw new TypeError(`${call} expected an options object, got ${describe(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name)) {
      throw new TypeError(
        `${call} does not know the option "${name}": it takes ${Object.keys(rules).join(', ')}`,
      );
    }
    if (value === undefined) continue;
    const rule: unknown = rules[name as keyof Options];
    if (rule === 'signal') checkSignal(value, `options.${name}`);
    if (rule === 'function' && typeof value !== 'function') {
      throw new TypeError(`options.${name} expected a function, got ${describe(value)}`);
    }
  }
}

/** By what it does and not by `instanceof`: another realm's signals and polyfills are signals too. */
export function checkSignal(signal: unknown, name = 'signal'): void {
  if (signal === undefined) return;
  if (typeof (signal as Partial<AbortSignal> | null)?.throwIfAborted === 'function') return;
  throw new TypeError(`${name} expected an AbortSignal, got ${describe(signal)}`);
}

/** Whether a value is a plain object, whose content is its named members. */
export function isRecord(value: unknown): boolean {
  return describe(value) === 'an object';
}

/** The size that a caller's object claims. */
export function checkSize(size: number, name: string): number {
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new TypeError(`${name}.size expected a number of bytes, got ${shown(size)}`);
}

/** A number as text; for any other value its kind. */
export function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : describe(value);
}

/** The kind of a value, for messages. The value itself may be a key and is never shown. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return value === undefined ? 'nothing' : `a ${typeof value}`;
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind === 'Object' ? 'object' : kind}`;
}
