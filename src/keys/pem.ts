// Reads and writes the textual encoding of keys (RFC 7468), called PEM. The reader accepts any white space. `repair.ts`
// repairs other damage by CI variables and editors.

import { fromBase64, toBase64 } from '../base64.ts';
import { KeyFault } from './fault.ts';

/** A decoded PEM block. */
export interface Pem {
  /** The label of RFC 7468, e.g. `PRIVATE KEY`. */
  readonly label: string;
  readonly der: Uint8Array;
}

/** The longest input, in bytes or characters. An RSA-16384 key in PEM has about 13 KB. */
export const MAX_KEY_LENGTH = 65_536;

/**
 * Decodes the only PEM block in `text`.
 *
 * @throws {@link KeyFault}
 */
export function decodePem(text: string): Pem {
  if (text.length > MAX_KEY_LENGTH) throw new KeyFault('large');
  const block = /^-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END ([A-Z0-9 ]+)-----$/.exec(text.trim());
  if (block === null) throw new KeyFault(text.trim() === '' ? 'empty' : 'text');
  const [, label, body, endLabel] = block as unknown as [string, string, string, string];
  if (!/^(RSA )?(PRIVATE|PUBLIC) KEY$/.test(label)) throw new KeyFault('label');
  if (label !== endLabel) throw new KeyFault('label-end');
  const der = fromBase64(body.replace(/\s+/g, ''), 'base64');
  if (!der?.length) throw new KeyFault('base64');
  return { label, der };
}

/** Encodes DER as PEM with lines of 64 characters (RFC 7468 §2) and a line break at the end. */
export function encodePem(label: string, der: Uint8Array): string {
  return pemOfBase64(label, toBase64(der, 'base64'));
}

/** Writes base64 as a PEM block with these labels. */
export function pemOfBase64(label: string, base64: string, endLabel: string = label): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${endLabel}-----`, ''].join('\n');
}
