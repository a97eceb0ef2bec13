// The keys of a publisher in each epoch: the recovery key replaces the key of the build machine again and again.

import { sealIndex, sealKeys } from '../../src/release.ts';
import { type Pair, sealingPair } from './pairs.ts';
import { APP, NOW, timeOf } from './update.ts';
import { keyA, keyB } from './vectors.ts';

/** The sequence of an index that a thief signs. The publisher signs fewer. */
const FORGED_SEQUENCE = 9000;

export class Recovery {
  readonly publicKey: string = keyA.spki;
  readonly #other: Pair;
  readonly #lists = new Map<number, Promise<Uint8Array>>();
  readonly #forged = new Map<string, Promise<Uint8Array>>();

  private constructor(other: Pair) {
    this.#other = other;
  }

  static async create(): Promise<Recovery> {
    return new Recovery(sealingPair(0));
  }

  /** Two keys take turns, so that a key that was retired may be trusted again. */
  keyOf(epoch: number): { readonly epoch: number; readonly privateKey: string; publicKey: string } {
    const { privateKey, publicKey } =
      epoch % 2 === 0 ? { privateKey: keyB.pkcs8, publicKey: keyB.spki } : this.#other;
    return { epoch, privateKey, publicKey };
  }

  /** `keys.sealed` of an epoch. All objects are sealed with the first key. */
  listOf(epoch: number): Promise<Uint8Array> {
    let list = this.#lists.get(epoch);
    list ??= sealKeys(
      {
        ...{ format: 'bundleseal-keys', version: 1, appId: APP, epoch },
        publicKeys: [this.keyOf(epoch).publicKey],
        retiredKeys: [this.keyOf(epoch - 1).publicKey],
      },
      { recoveryKey: keyA.pkcs8 },
    );
    this.#lists.set(epoch, list);
    return list;
  }

  /** An index of this epoch that withdraws everything, signed with the key that the epoch retires. */
  forgedIndex(channel: string, epoch: number, withdrawn: readonly string[]): Promise<Uint8Array> {
    const name = `${channel} ${epoch}`;
    let sealed = this.#forged.get(name);
    sealed ??= sealIndex(
      {
        ...{ format: 'bundleseal-index', version: 1, appId: APP, channel, epoch },
        sequence: FORGED_SEQUENCE,
        issuedAt: timeOf(NOW),
        expiresAt: '9999-01-01T00:00:00Z',
        releases: [],
        withdrawn,
      },
      { privateKey: this.keyOf(epoch - 1).privateKey },
    );
    this.#forged.set(name, sealed);
    return sealed;
  }
}
