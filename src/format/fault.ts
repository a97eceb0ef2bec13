// Faults of a header. An app that opens bundles contains this file, so it names a fault by a word only. The module
// with the sentences is loaded after a fault.

import { BundleSealError, type ErrorCode, type ErrorFields } from '../errors.ts';

/** What a header was refused for. `explain.ts` has the sentence for each. */
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
 * The error without its sentence. It reaches the caller only if the module with the sentences cannot be loaded, for
 * example in an app that is split into files and offline.
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

  /** The fault, for the module that explains it. */
  get reason(): readonly [HeaderFaultKind, ...FaultDetail[]] {
    return this.#reason;
  }
}
