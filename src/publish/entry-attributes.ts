// The attributes of an entry in the index: runtimes, rollout, note and so on.

import type { JsonValue } from '../format/metadata.ts';
import { describe, type OptionRules } from '../options.ts';
import { FULL_ROLLOUT, MAX_NOTE_LENGTH, type ReleaseEntry } from '../release/index-format.ts';
import { MAX_JSON_DEPTH } from '../release/json.ts';
import { encodeUtf8 } from '../utf8.ts';
import { checkFlag, checkNumber, checkText } from './options.ts';

/** Attributes of a release. If the index already has the release, an absent attribute does not change. */
export interface ReleaseAttributes {
  /** The native runtimes that the release runs on, as exact strings. An empty list: every runtime. */
  readonly runtime?: string | readonly string[];
  /** The features that a device must have to install it. */
  readonly requires?: readonly string[];
  /** The share of devices that are offered it, in thousandths: an integer from 0 to 1000. */
  readonly rollout?: number;
  /** Whether the app should install it before it continues. */
  readonly mandatory?: boolean;
  /** A text for people, at most 4 KiB of UTF-8. */
  readonly note?: string;
  /** Data of your own, as JSON: at most 5 objects and arrays deep. */
  readonly meta?: { readonly [name: string]: JsonValue };
}

export const ATTRIBUTE_OPTIONS: OptionRules<ReleaseAttributes> = {
  runtime: 'any',
  requires: 'any',
  rollout: 'any',
  mandatory: 'any',
  note: 'any',
  meta: 'any',
};

export function checkAttributes(attributes: ReleaseAttributes): void {
  const { runtime, requires, rollout, mandatory, note, meta } = attributes;
  if (typeof runtime === 'string') checkText(runtime, 'runtime');
  else if (runtime !== undefined) checkTexts(runtime, 'runtime');
  if (requires !== undefined) checkTexts(requires, 'requires');
  if (rollout !== undefined) checkNumber(rollout, 'rollout', 0, FULL_ROLLOUT);
  checkFlag(mandatory, 'mandatory');
  if (note !== undefined && typeof note !== 'string') {
    throw new TypeError(`options.note expected a string, got ${describe(note)}`);
  }
  if (note !== undefined && encodeUtf8(note).length > MAX_NOTE_LENGTH) {
    throw new RangeError(
      `options.note expected a text of at most ${MAX_NOTE_LENGTH} bytes in UTF-8`,
    );
  }
  if (meta !== undefined) checkMeta(meta);
}

// In the index, `meta` is inside the entry, the list of releases and the index itself.
const MAX_META_DEPTH = MAX_JSON_DEPTH - 3;

/** Checks the depth before JSON.stringify, which overflows the stack for an object that is nested thousands deep. */
function checkMeta(meta: unknown): void {
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) {
    throw new TypeError(`options.meta expected an object, got ${describe(meta)}`);
  }
  if (!isNestedDeeper(meta, MAX_META_DEPTH)) return;
  throw new RangeError(
    `options.meta expected objects and arrays at most ${MAX_META_DEPTH} deep in each other: make it flatter`,
  );
}

function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isNestedDeeper(one, levels - 1));
}

function checkTexts(value: unknown, name: string): void {
  if (!Array.isArray(value)) {
    throw new TypeError(`options.${name} expected an array of texts, got ${describe(value)}`);
  }
  for (const one of value) checkText(one, name);
}

/** Returns the entry with these attributes. The entry has no member for a default such as every runtime or a full rollout. */
export function withAttributes(
  entry: ReleaseEntry,
  { runtime, requires, rollout, mandatory, note, meta }: ReleaseAttributes,
): ReleaseEntry {
  const { id, version, createdAt, size, files, bundle, patches } = entry;
  const runtimes = typeof runtime === 'string' ? [runtime] : (runtime ?? entry.runtime ?? []);
  const features = requires ?? entry.requires ?? [];
  const share = rollout ?? entry.rollout ?? FULL_ROLLOUT;
  const isMandatory = mandatory ?? entry.mandatory ?? false;
  const text = note ?? entry.note ?? '';
  const own = meta ?? entry.meta;
  return {
    ...{ id, version, createdAt },
    ...(runtimes.length > 0 && { runtime: [...runtimes] }),
    ...(features.length > 0 && { requires: [...features] }),
    ...(share < FULL_ROLLOUT && { rollout: share }),
    ...(isMandatory && { mandatory: true }),
    ...(text !== '' && { note: text }),
    ...(own !== undefined && { meta: own }),
    ...{ size, files, bundle, patches },
  };
}
