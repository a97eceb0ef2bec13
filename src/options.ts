// Checks of options. Messages name the wrong option.

import { brandOf } from './bytes.ts';

/** How far a call has come, for {@link WorkOptions.onProgress}. */
export interface Progress {
  /** Plain bytes processed so far. */
  readonly done: number;
  /** All plain bytes of the call; `Infinity` for a stream of unknown size. */
  readonly total: number;
}

/** Options of every call that may take long. */
export interface WorkOptions {
  /** Aborts the call: it rejects with the signal's reason, and no work continues. */
  readonly signal?: AbortSignal | undefined;
  /** Called during the work, and once at its end with `done` equal to `total`. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

type RuleOf<Value> = [Value] extends [AbortSignal]
  ? 'signal'
  : [Value] extends [(...given: never[]) => unknown]
    ? 'function'
    : 'any';

/**
 * The rule of {@link checkOptions} for each option of a call. The compiler derives the names from the type of the
 * options, so that none can be forgotten. `'any'`: the call checks the value itself.
 */
export type OptionRules<Options> = {
  readonly [Name in keyof Options]-?: RuleOf<NonNullable<Options[Name]>>;
};

/** The rules of {@link WorkOptions}. */
export const WORK_OPTIONS: OptionRules<WorkOptions> = { signal: 'signal', onProgress: 'function' };

/**
 * Throws if `options` is not an object, has a member that `call` does not know, or has a member that breaks its rule.
 * Unknown members are errors, because a misspelt `expect` would otherwise open a bundle unchecked.
 */
export function checkOptions<Options extends object>(
  call: string,
  options: Options,
  rules: OptionRules<NoInfer<Options>>,
): void {
  // Without this check, a promise, a Map or an array would count as an object without options.
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

/**
 * Checks the methods and not `instanceof`, because polyfills and signals of another realm are signals too.
 */
export function checkSignal(signal: unknown, name = 'signal'): void {
  if (signal === undefined) return;
  if (typeof (signal as Partial<AbortSignal> | null)?.throwIfAborted === 'function') return;
  throw new TypeError(`${name} expected an AbortSignal, got ${describe(signal)}`);
}

/** Whether a value is an object without a brand of its own: no array, Map, promise, bytes or CryptoKey. */
export function isRecord(value: unknown): boolean {
  return brandOf(value) === 'Object';
}

/** Checks the `size` of a caller's object and returns it. */
export function checkSize(size: number, name: string): number {
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new TypeError(`${name}.size expected a number of bytes, got ${shown(size)}`);
}

/** Describes a value for a message: a number as text, any other value by its kind. */
export function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : describe(value);
}

/**
 * Names the kind of a value for messages. The value itself is never shown, because it may be a key.
 */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return value === undefined ? 'nothing' : `a ${typeof value}`;
  const kind = brandOf(value);
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind === 'Object' ? 'object' : kind}`;
}

/**
 * Requires an app id, so that no call accepts an object of another app. @throws `TypeError` if it is missing.
 */
export function checkAppId(appId: unknown): asserts appId is string {
  if (typeof appId === 'string' && appId !== '') return;
  const got = appId === '' ? 'an empty one' : describe(appId);
  throw new TypeError(`options.appId expected the app's id as a string, got ${got}`);
}
