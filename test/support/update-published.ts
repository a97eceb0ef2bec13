// A store with one update, for the tests of the updater.

import type { ReleaseEntry, ReleaseIndex } from '../../src/release.ts';
import { AFTER, BEFORE } from './release.ts';
import { createPublisher, fetchFrom, type Published, type Publisher } from './update.ts';

export async function published(more: Partial<ReleaseEntry> = {}): Promise<{
  readonly publisher: Publisher;
  readonly next: Published;
  readonly index: ReleaseIndex;
  readonly request: ReturnType<typeof fetchFrom>;
}> {
  const publisher = createPublisher();
  const next = await publisher.make(AFTER, [BEFORE], more);
  const index = await publisher.offer([next]);
  return { publisher, next, index, request: fetchFrom(publisher.store) };
}
