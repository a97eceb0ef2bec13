// What the readers of a header refuse. An app that opens bundles carries this file, so a fault is named here by a
// word, and explained by a module that is loaded only when there is one.

import { BundleSealError, type ErrorCode, type ErrorFields } from '../errors.ts';

/** What a header was refused for. `explain.ts` has the sentence for each. */
export type HeaderFaultKind =
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
  | 'short'
  | 'signature-length'
  | 'size'
  | 'version';

export type FaultDetail = string | number | undefined;

/**
 * The error without its sentence. It is thrown as it is only where the explanation could not be loaded, as in an app
 * that is offline and split into files.
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

  /** What it stumbled over, for the module that explains it. */
  get reason(): readonly [HeaderFaultKind, ...FaultDetail[]] {
    return this.#reason;
  }
}
