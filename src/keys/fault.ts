/** What a strict reading of a key stumbled over. `explain.ts` has the sentence for each. */
export type FaultKind =
  | 'algorithm'
  | 'base64'
  | 'bits'
  | 'der'
  | 'empty'
  | 'exponent'
  | 'half'
  | 'jwk'
  | 'jwk-member'
  | 'label'
  | 'label-content'
  | 'label-end'
  | 'large'
  | 'modulus'
  | 'multi-prime'
  | 'numbers'
  | 'structure'
  | 'text'
  | 'weak';

/**
 * A key that the strict readers refuse. It never leaves `keys/`: who calls the strict readers turns it into a
 * `BundleSealError`, by a module that is loaded only then.
 */
export class KeyFault extends Error {
  readonly kind: FaultKind;
  /** What the sentence is about; never a part of the key. */
  readonly detail: string | number;

  constructor(kind: FaultKind, detail: string | number = '') {
    super(`${kind} ${detail}`);
    this.kind = kind;
    this.detail = detail;
  }
}
