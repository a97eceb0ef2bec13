// The paths of files in a store, the names of channels, which become part of these paths, and how long caches keep objects.

import { pathFault } from '../archive/format/paths.ts';

export const KEYS_PATH = 'keys.sealed';

const SEALED = '.sealed';

export const channelPath = (channel: string): string => `channels/${channel}${SEALED}`;

export const objectPath = (sha256: string): string => `objects/${sha256}${SEALED}`;

/** The value of Cache-Control for objects, which never change. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';

/** The channel or object that a file name stands for. */
export function nameOfFile(file: string): string | undefined {
  return file.endsWith(SEALED) && !file.startsWith('.') ? file.slice(0, -SEALED.length) : undefined;
}

/**
 * Whether a channel of this name can be published to. The name becomes part of a file name and of an address, so it may have
 * only characters without a special meaning in either.
 */
export function isChannel(channel: unknown): channel is string {
  const isPlain = typeof channel === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(channel);
  return isPlain && pathFault(`${channel}${SEALED}`) === undefined;
}

/** Checks the name of a channel to publish to. */
export function checkPublishedChannel(
  channel: unknown,
  name = 'options.channel',
): asserts channel is string {
  if (isChannel(channel)) return;
  throw new TypeError(
    `${name} expected 1 to 64 of the characters A-Z, a-z, 0-9, ".", "_" and "-", beginning with a letter or a digit, and no name that Windows reserves, such as "con"`,
  );
}
