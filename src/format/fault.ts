// Faults of a sealed bundle: of its header, its seal or its chunks. Every app that opens bundles contains this file, so
// to stay small it names a fault by one word. `explain.ts` has the messages and is loaded only after a fault.

import { BundleSealError, type ErrorCode, type ErrorFields } from '../errors.ts';

/** The reason why a bundle was refused. `explain.ts` has the message for each. */
export type BundleFaultKind =
  | 'body-length'
  | 'checksum'
  | 'chunk'
  | 'chunks'
  | 'cut'
  | 'depth'
  | 'expectation'
  | 'exponent'
  | 'json'
  | 'key'
  | 'kind'
  | 'magic'
  | 'member'
  | 'metadata-length'
  | 'object'
  | 'seal'
  | 'seal-length'
  | 'seal-text'
  | 'short'
  | 'signature-length'
  | 'size'
  | 'version';

export type FaultDetail = string | number | undefined;

/**
 * The error without its message. It reaches the caller only if `explain.ts` cannot be loaded, for example in an app
 * that loads its parts from a server and is offline.
 */
export class BundleFault extends BundleSealError {
  readonly #reason: readonly [BundleFaultKind, ...FaultDetail[]];

  constructor(
    code: ErrorCode,
    kind: BundleFaultKind,
    fields: ErrorFields,
    ...details: readonly FaultDetail[]
  ) {
    super(code, `the bundle is refused (${[kind, ...details].join(' ')})`, fields);
    this.#reason = [kind, ...details];
  }

  /** The fault and its details, for `explain.ts`. */
  get reason(): readonly [BundleFaultKind, ...FaultDetail[]] {
    return this.#reason;
  }
}
