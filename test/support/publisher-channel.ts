// What a publisher offers in one channel, and every index that it has signed for the channel.

import type { ReleaseIndex } from '../../src/release.ts';
import { type Published, type Publisher, timeOf } from './update.ts';

const DAY = 86_400_000;

/** What one index says. */
export interface IndexContent {
  readonly offers: readonly { readonly id: string; readonly isStopped: boolean }[];
  readonly withdrawn: readonly string[];
}

/** The key that signs the indexes of an epoch. */
interface Signing {
  readonly epoch: number;
  readonly privateKey: string;
}

export class PublisherChannel {
  /** The offered releases, in the order of the index, as numbers of `releases`. */
  offered: number[] = [];
  /** The releases whose rollout takes in no device. */
  readonly stopped: Set<number> = new Set();
  readonly withdrawn: Set<number> = new Set();
  /** Every index so far, the oldest first. The first one has the sequence 1. */
  readonly indexes: Uint8Array[] = [];
  /** The last index. */
  last: { readonly epoch: number; readonly sealed: Uint8Array } | undefined;
  readonly #contents: IndexContent[] = [];
  readonly #publisher: Publisher;
  readonly #releases: readonly Published[];

  readonly #name: string;

  constructor(name: string, publisher: Publisher, releases: readonly Published[]) {
    this.#name = name;
    this.#publisher = publisher;
    this.#releases = releases;
  }

  /** Signs the next index. A refresh changes nothing but its times. */
  async publish(now: number, { epoch, privateKey }: Signing): Promise<Uint8Array> {
    const releases = this.offered.map((n) => {
      const { entry, files } = this.#releases[n] as Published;
      return { entry: this.stopped.has(n) ? { ...entry, rollout: 0 } : entry, files };
    });
    const withdrawn = [...this.withdrawn].map((n) => (this.#releases[n] as Published).entry.id);
    const more: Partial<ReleaseIndex> = {
      channel: this.#name,
      epoch,
      sequence: this.indexes.length + 1,
      issuedAt: timeOf(now),
      expiresAt: timeOf(now + 30 * DAY),
      withdrawn,
    };
    await this.#publisher.offer(releases, more, privateKey);
    const sealed = this.#publisher.store.get(`channels/${this.#name}.sealed`) as Uint8Array;
    this.indexes.push(sealed);
    this.last = { epoch, sealed };
    const offers = releases.map(({ entry }) => ({
      id: entry.id,
      isStopped: entry.rollout === 0,
    }));
    this.#contents.push({ offers, withdrawn });
    return sealed;
  }

  /** What the index with this sequence says. Without one, nothing is offered. */
  contentOf(sequence: number | undefined): IndexContent {
    return this.#contents[(sequence ?? 0) - 1] ?? { offers: [], withdrawn: [] };
  }
}
