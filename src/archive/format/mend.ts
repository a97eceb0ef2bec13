// Replaces names that readers refuse but that have only one possible meaning. Publishers use it to write an archive again.
// Readers on devices refuse such names, because tools read them differently.

import { FLAG } from './layout.ts';
import { decodeName } from './paths.ts';
import type { CentralHeader } from './records.ts';

/** A replaced name and its replacement. */
export interface MendedName {
  readonly path: string;
  /**
   * `'separator'`: the tool wrote "\" between folders (.NET before 4.6.1, PowerShell 5). `'encoding'`: the name is
   * not UTF-8 and was decoded as code page 437 (APPNOTE D.1); nothing in the archive confirms that encoding.
   */
  readonly by: 'separator' | 'encoding';
}

/**
 * Returns the replacement for a name that readers refuse. Returns `undefined` if readers accept the name or its meaning is
 * not clear.
 *
 * On MS-DOS and Windows, a name cannot contain a backslash, so a backslash separates folders. In an archive from another
 * system, or in a name that also has "/", a backslash may be part of the name.
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

// MS-DOS, NTFS as numbered by APPNOTE 4.4.2, NTFS as numbered by Info-ZIP, and VFAT.
const BACKSLASH_HOSTS: readonly number[] = [0, 10, 11, 14];

// The characters from 0x80 on. Source: Unicode's table VENDORS/MICSFT/PC/CP437.TXT.
const CODE_PAGE_437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ' +
  'áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐' +
  '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** Decodes a name in code page 437. */
function decode437(name: Uint8Array): string {
  return Array.from(name, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : CODE_PAGE_437[byte - 0x80],
  ).join('');
}
