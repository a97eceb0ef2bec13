// Faults of a header. Every app that opens bundles contains this file, so to stay small it names a fault by one word.
// `explain.ts` has the messages and is loaded only after a fault.

import { BundleSealError, type ErrorCode, type ErrorFields } from '../errors.ts';

/** The reason why a header was refused. `explain.ts` has the message for each. */
export type HeaderFaultKind =
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
export class HeaderFault extends BundleSealError {
  readonly #reason: readonly [HeaderFaultKind, ...FaultDetail[]];

  constructor(
    code: ErrorCode,
    kind: HeaderFaultKind,
    fields: ErrorFields,
    ...details: readonly FaultDetail[]
  ) {
    super(code, `the header is refused (${[kind, ...details].join(' ')})`, fields);
    this.#reason = [kind, ...details];
  }

  /** The fault and its details, for `explain.ts`. */
  get reason(): readonly [HeaderFaultKind, ...FaultDetail[]] {
    return this.#reason;
  }
}
