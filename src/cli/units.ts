// Parses counts, sizes, durations and shares of the command line, and shows them.

import { UsageError } from './answer.ts';

// In milliseconds.
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DURATION_UNITS: Readonly<Record<string, number>> = {
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
};

/** Parses a duration such as `30d` to milliseconds. */
export function readDuration(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+)([mhdw])$/.exec(text) ?? [];
  const value = Number(number) * (DURATION_UNITS[unit] ?? Number.NaN);
  if (number !== '' && Number.isSafeInteger(value)) return value;
  throw new UsageError(
    `${flag} takes a duration such as 90m, 12h, 30d or 8w, got ${JSON.stringify(text)}`,
  );
}

/** Parses a share such as `25%` to thousandths. */
export function readShare(flag: string, text: string): number {
  const [, number] = /^(\d{1,3}(?:\.\d)?)%$/.exec(text) ?? [];
  const thousandths = Math.round(Number(number ?? Number.NaN) * 10);
  if (thousandths >= 0 && thousandths <= 1000) return thousandths;
  const hint = /^(100|\d{1,2}(\.\d)?)$/.test(text) ? `; did you mean ${text}%?` : '';
  throw new UsageError(
    `${flag} takes a share of the devices from 0% to 100%, such as 25% or 2.5%, got ${JSON.stringify(text)}${hint}`,
  );
}

/** Shows thousandths as a percentage. */
export function shownShare(thousandths: number): string {
  return `${thousandths / 10}%`;
}

const STEPS: readonly (readonly [milliseconds: number, name: string])[] = [
  [DAY, 'day'],
  [HOUR, 'hour'],
  [MINUTE, 'minute'],
];

/**
 * Shows the distance of a time: "in 30 days", "2 hours ago". It rounds, because a command that has worked for some minutes
 * would otherwise show 29 days for an index of 30 days. Below two days it shows hours, and below two hours minutes.
 */
export function shownDistance(time: string, now: number): string {
  const distance = Date.parse(time) - now;
  const minutes = Math.round(Math.abs(distance) / MINUTE) * MINUTE;
  const [size, name] = STEPS.find(([step]) => minutes >= 2 * step) ?? [MINUTE, 'minute'];
  const count = Math.round(minutes / size);
  const text = `${count} ${name}${count === 1 ? '' : 's'}`;
  return distance < 0 ? `${text} ago` : `in ${text}`;
}

/** @throws {@link UsageError} if the text is not an integer from 0 to 2^53 - 1. */
export function readCount(flag: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`${flag} takes an integer from 0 to 2^53 - 1, got ${JSON.stringify(text)}`);
}

/** Parses an integer whose range the library checks. @throws {@link UsageError} if the text is not an integer. */
export function readIntegerFlag(flag: string, text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new UsageError(`${flag} takes an integer, got ${JSON.stringify(text)}`);
}

// Units of IEC 80000-13. Many people write KB for kB.
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Parses a number of bytes, with or without a unit. */
export function readSize(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  const factor = SIZE_UNITS[unit.toLowerCase()];
  const value = Math.floor(Number(number) * (factor ?? Number.NaN));
  if (number !== '' && Number.isSafeInteger(value)) return value;
  throw new UsageError(
    `${flag} takes a size such as 300MB, 300MiB or 314572800, got ${JSON.stringify(text)}`,
  );
}
