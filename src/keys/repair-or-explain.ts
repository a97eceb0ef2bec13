// Handles a key that the strict readers refuse: repairs it if only one reading is possible, and otherwise explains the
// fault. The asynchronous readers load this module only after a refusal.

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
    // A search through input that is too large for a key would take long.
    if (error.kind === 'large') throw explainKeyFault(error, input);
    const text = keyText(input);
    if (text === undefined) throw explainFault(error, input);
    const { text: repaired } = repairKeyText(text);
    const key = keyOfText(repaired);
    // There is no need to read unchanged text again. Bytes are read again, because `keyText` may have decoded them in
    // another way than the strict reader.
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
 * Makes the error for a fault. The reader of public keys reports only that the structure is another one, so this
 * identifies the structure.
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
