// Diagnosis of a key that the strict readers refuse: it is repaired if only one reading is possible, and otherwise
// explained. Loaded only after such a refusal.

import { bytesIn } from '../bytes.ts';
import type { BundleSealError } from '../errors.ts';
import { explain } from './explain.ts';
import { KeyFault } from './fault.ts';
import { keyOfText, repairKeyText, textOfBytes } from './repair.ts';
import type { PublicKeyInput } from './strict.ts';
import { faultOfPublic } from './strict-private.ts';

/** The result of `strict` for the key or for its repaired text. Otherwise throws the fault in the user's words. */
export function repairOrExplain<Key>(
  input: PublicKeyInput,
  strict: (key: PublicKeyInput) => Key,
): Key {
  try {
    return strict(input);
  } catch (error) {
    if (!(error instanceof KeyFault)) throw error;
    // Nothing goes over what is too large for a key.
    if (error.kind === 'large') throw explain(error, input);
    const text = textOf(input);
    if (text === undefined) throw explainFault(error, input);
    const { text: repaired } = repairKeyText(text);
    const key = keyOfText(repaired);
    // Bytes are read again: they may have begun with a byte order mark.
    if (typeof input === 'string' && key === text.trim()) throw explainFault(error, input, text);
    try {
      return strict(key);
    } catch (again) {
      if (!(again instanceof KeyFault)) throw again;
      throw explainFault(again, key, repaired);
    }
  }
}

/** The readers of public keys do not say what another structure is, so this function finds out. */
function explainFault(fault: KeyFault, input: PublicKeyInput, text?: string): BundleSealError {
  const isBare = fault.kind === 'structure' && fault.detail === '';
  return explain(isBare ? faultOfPublic(input, 'key') : fault, input, text);
}

function textOf(input: PublicKeyInput): string | undefined {
  if (typeof input === 'string') return input;
  const bytes = bytesIn(input);
  return bytes && textOfBytes(bytes);
}
