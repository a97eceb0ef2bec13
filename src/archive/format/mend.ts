// Repairs names that readers refuse but that have one possible meaning, for an archive that its owner has rewritten.
// Readers on devices do not accept such names, because tools differ in how they read them.

import { FLAG } from './layout.ts';
import { decodeName } from './paths.ts';
import type { CentralHeader } from './records.ts';

/** What a name was taken for. */
export interface MendedName {
  readonly path: string;
  /**
   * `'separator'`: the tool wrote "\" between folders (.NET before 4.6.1, PowerShell 5). `'encoding'`: the name is no
   * UTF-8 and was read by code page 437, as APPNOTE D.1 has it; nothing in the archive confirms that.
   */
  readonly by: 'separator' | 'encoding';
}

/**
 * The name of an entry that readers refuse, mended; `undefined` where it can't be or need not be. On MS-DOS and Windows a
 * backslash is no letter of a name; in an archive made elsewhere it may be one. So may it in a name that has "/" too.
 */
export function mendName(header: CentralHeader): MendedName | undefined {
  const { name, unicodeName, flags } = header;
  const decoded = decodeName(unicodeName ?? name);
  const isUnknown = decoded === undefined && unicodeName === undefined && (flags & FLAG.utf8) === 0;
  const text = isUnknown ? decode437(name) : decoded;
  if (text === undefined) return undefined;
  if (BACKSLASH_HOSTS.includes(header.host) && text.includes('\\') && !text.includes('/')) {
    const path = text.replaceAll('\\', '/');
    return { path, by: isUnknown ? 'encoding' : 'separator' };
  }
  return isUnknown ? { path: text, by: 'encoding' } : undefined;
}

// MS-DOS, NTFS as APPNOTE 4.4.2 numbers it, NTFS as Info-ZIP does, and VFAT.
const BACKSLASH_HOSTS: readonly number[] = [0, 10, 11, 14];

// The bytes from 0x80 on. Unicode's own table: VENDORS/MICSFT/PC/CP437.TXT.
const CODE_PAGE_437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ' +
  'áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐' +
  '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

function decode437(name: Uint8Array): string {
  return Array.from(name, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : CODE_PAGE_437[byte - 0x80],
  ).join('');
}
