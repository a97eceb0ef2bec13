/** The fault that a strict reader found in a key. `explain.ts` has the message for each. */
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
 * The error of the strict readers. No caller outside `keys/` gets it: `repair-or-explain.ts` repairs the key, or
 * turns the fault into a `BundleSealError`.
 */
export class KeyFault extends Error {
  readonly kind: FaultKind;
  /** A detail for the message. It is never a part of the key. */
  readonly detail: string | number;

  constructor(kind: FaultKind, detail: string | number = '') {
    super(`${kind} ${detail}`);
    this.kind = kind;
    this.detail = detail;
  }
}
