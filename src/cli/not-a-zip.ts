// Recognises content that is not a zip, so that the build fails if it would seal, for example, an error page.

import { findPrivateKey, MAX_LOOKED_INTO } from '../keys/find-private.ts';

/** Number of bytes from the start that {@link recognise} needs. */
export const HEAD_LENGTH: number = MAX_LOOKED_INTO;

/** A kind of content that has certain bytes at a fixed place. */
interface Magic {
  readonly what: string;
  /** Offset of the bytes. Default 0. */
  readonly at?: number;
  /** In Latin-1. */
  readonly bytes: string;
}

const MAGICS: readonly Magic[] = [
  { what: 'a bundle that is sealed already', bytes: 'BNDLSEAL' },
  { what: 'a gzip archive', bytes: '\x1f\x8b\x08' },
  { what: 'an xz archive', bytes: '\xfd7zXZ\0' },
  { what: 'a Zstandard archive', bytes: '\x28\xb5\x2f\xfd' },
  { what: 'an LZ4 archive', bytes: '\x04\x22\x4d\x18' },
  { what: 'a 7-Zip archive', bytes: '7z\xbc\xaf\x27\x1c' },
  { what: 'a RAR archive', bytes: 'Rar!\x1a\x07' },
  { what: 'a cabinet archive', bytes: 'MSCF\0\0\0\0' },
  { what: 'a tar archive', at: 257, bytes: 'ustar' },
  { what: 'a Unix archive or a Debian package', bytes: '!<arch>\n' },
  { what: 'a PDF document', bytes: '%PDF-' },
  { what: 'an Office document of the old format', bytes: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' },
  { what: 'a PNG image', bytes: '\x89PNG\r\n\x1a\n' },
  { what: 'a JPEG image', bytes: '\xff\xd8\xff' },
  { what: 'a GIF image', bytes: 'GIF8' },
  { what: 'a WebP image', at: 8, bytes: 'WEBPVP8' },
  { what: 'an MP4 video', at: 4, bytes: 'ftyp' },
  { what: 'a program (ELF)', bytes: '\x7fELF' },
  { what: 'a program (Mach-O)', bytes: '\xcf\xfa\xed\xfe' },
  { what: 'a program (Mach-O)', bytes: '\xce\xfa\xed\xfe' },
  { what: 'a program (Mach-O)', bytes: '\xfe\xed\xfa\xcf' },
  { what: 'a program (Mach-O)', bytes: '\xfe\xed\xfa\xce' },
  { what: 'a program (Mach-O) or a Java class', bytes: '\xca\xfe\xba\xbe' },
  { what: 'a program for Windows', bytes: 'MZ' },
  { what: 'a WebAssembly module', bytes: '\0asm' },
  { what: 'an SQLite database', bytes: 'SQLite format 3\0' },
];

/** A kind of text with a certain beginning after byte order mark and white space. */
interface Beginning {
  readonly what: string;
  readonly pattern: RegExp;
}

const BEGINNINGS: readonly Beginning[] = [
  { what: 'a pointer of Git LFS: run "git lfs pull"', pattern: /^version https:\/\/git-lfs\./ },
  { what: 'a pointer of git-annex: run "git annex get"', pattern: /^\/annex\/objects\// },
  { what: 'a bzip2 archive', pattern: /^BZh[1-9]1AY&SY/ },
  { what: 'the seal of a bundle', pattern: /^Qk5ETFNFQU[w-z]/ },
  { what: 'a zip in base64', pattern: /^UEsDB[A-Za-z0-9+/_\s-]+={0,2}\s*$/ },
  { what: 'the response of a server with its header', pattern: /^HTTP\/\d/ },
  { what: 'a key or a certificate in PEM', pattern: /^-----BEGIN [A-Z]/ },
  { what: 'a script', pattern: /^#!\s*\// },
  {
    what: 'a web page, as servers send with status 404',
    pattern: /^<(!doctype html|html|head|body)\b/i,
  },
  { what: 'a web page or XML, as servers send for errors', pattern: /^</ },
  { what: 'JSON, as servers send for errors', pattern: /^[{[]/ },
];

// Random bytes may begin with "<" or "{", but not with this many characters of text after it.
const TEXT_LENGTH = 64;
// In bytes. Longer texts that mention errors may be intended content.
const MAX_ANSWER_LENGTH = 1024;
// Control characters except white space.
const CONTROLS = /[^\P{Cc}\s]/u;

const ANSWER =
  /not[ _-]?found|error|denied|forbidden|not allowed|unauthori[sz]ed|not authori[sz]ed|expired|redirect|moved (permanently|temporarily)|too many requests|rate limit|bad (gateway|request)|unavailable|timed? ?out|(does not|doesn't) exist|no such|\b(40[0-9]|410|429|50[0-4])\b/i;

/**
 * Names the kind of content that is not a zip. Returns `undefined` for unknown content such as encrypted data.
 *
 * @param head - The first {@link HEAD_LENGTH} bytes of the content, or all of it.
 * @param size - Length of the whole content in bytes.
 */
export function recognise(head: Uint8Array, size: number): string | undefined {
  if (size === 0) return 'an empty file, as a failed download or a full disk leaves it';
  const magic = MAGICS.find(({ at = 0, bytes }) =>
    [...bytes].every((character, index) => head[at + index] === character.charCodeAt(0)),
  );
  if (magic !== undefined) return magic.what;
  const text = answerText(head).trimStart();
  const beginning = CONTROLS.test(text.slice(0, TEXT_LENGTH))
    ? undefined
    : BEGINNINGS.find(({ pattern }) => pattern.test(text));
  // Names the kind of a key in PEM or JWK.
  const key = size <= head.length ? findPrivateKey('', head) : undefined;
  if (key !== undefined) return `a file with ${key}`;
  if (beginning !== undefined) return beginning.what;
  const isAnswer = size < MAX_ANSWER_LENGTH && !CONTROLS.test(text) && ANSWER.test(text);
  return isAnswer ? 'an error message that servers send instead of a file' : undefined;
}

/** Decodes the beginning as text, without its byte order mark. PowerShell's ">" writes UTF-16. */
function answerText(head: Uint8Array): string {
  const [first, second, third, fourth] = head;
  const isLittle = (first === 0xff && second === 0xfe) || (second === 0 && fourth === 0);
  const isBig = (first === 0xfe && second === 0xff) || (first === 0 && third === 0);
  const encoding = isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(head.subarray(0, MAX_ANSWER_LENGTH));
}
