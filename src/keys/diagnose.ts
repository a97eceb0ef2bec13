// Diagnoses a key that the strict readers refuse: repairs it if only one reading is possible, and otherwise explains
// the fault. Loaded only after a refusal.

import { bytesIn } from '../bytes.ts';
import type { BundleSealError } from '../errors.ts';
import { explainKeyFault } from './explain.ts';
import { KeyFault } from './fault.ts';
import { keyOfText, repairKeyText, textOfBytes } from './repair.ts';
import type { PublicKeyInput } from './strict.ts';
import { faultOfPublic } from './strict-private.ts';

/**
 * Returns the result of `strict` for the key or for its repaired text. Otherwise throws the error with a message for
 * the user.
 */
export function repairOrExplain<Key>(
  input: PublicKeyInput,
  strict: (key: PublicKeyInput) => Key,
): Key {
  try {
    return strict(input);
  } catch (error) {
    if (!(error instanceof KeyFault)) throw error;
    // Input that is too large for a key is not searched, because the search would take long.
    if (error.kind === 'large') throw explainKeyFault(error, input);
    const text = keyText(input);
    if (text === undefined) throw explainFault(error, input);
    const { text: repaired } = repairKeyText(text);
    const key = keyOfText(repaired);
    // Unchanged text is not read again. Bytes are, because decoding may have removed a byte order mark.
    if (typeof input === 'string' && key === text.trim()) throw explainFault(error, input, text);
    try {
      return strict(key);
    } catch (again) {
      if (!(again instanceof KeyFault)) throw again;
      throw explainFault(again, key, repaired);
    }
  }
}

/**
 * The readers of public keys report only that the structure differs, so this function identifies it.
 */
function explainFault(fault: KeyFault, input: PublicKeyInput, text?: string): BundleSealError {
  const isBare = fault.kind === 'structure' && fault.detail === '';
  return explainKeyFault(isBare ? faultOfPublic(input, 'key') : fault, input, text);
}

function keyText(input: PublicKeyInput): string | undefined {
  if (typeof input === 'string') return input;
  const bytes = bytesIn(input);
  return bytes && textOfBytes(bytes);
}
