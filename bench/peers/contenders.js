// @ts-check The contenders and their common interface.

/**
 * What sealing makes: its bytes, or a text where the peer's form is one, and what travels apart from them.
 *
 * @typedef {{ bytes?: Uint8Array, text?: string, apart?: any }} Sealed
 */

/**
 * `keys` is what `loadKeys` makes: parsed as far as the peer lets one, outside of all that is timed.
 *
 * @typedef {{
 *   seal: (keys: any, plain: Uint8Array) => Sealed | Promise<Sealed>,
 *   open: (keys: any, sealed: Sealed) => Uint8Array | Promise<Uint8Array>,
 * }} InMemory
 */

/**
 * `seal` may answer with what travels apart from the file, as JSON; `open` gets it back. `buffers`: holds the
 * whole file in memory, for want of a stream. `command`: runs another program; answers with its peak memory.
 *
 * @typedef {{
 *   buffers?: boolean,
 *   command?: boolean,
 *   seal: (keys: any, input: string, output: string) => Promise<{ apart?: any, peak?: number } | void>,
 *   open: (keys: any, input: string, output: string, apart: any) => Promise<{ peak?: number } | void>,
 * }} FileToFile
 */

/**
 * @typedef {{
 *   id: string,
 *   name: string,
 *   version: string,
 *   what: string,
 *   sender: string,
 *   note?: string,
 *   missing?: string,
 *   makeKeys: (directory: string) => any,
 *   loadKeys?: (keys: any) => any,
 *   discardKeys?: (keys: any) => void,
 *   memory: InMemory | { cannot: string },
 *   file: FileToFile | { cannot: string },
 * }} Contender `what`: the scheme in a line; `sender`: what proves who sealed; `missing`: why it can't take
 * part here. `makeKeys` answers with what JSON can hold, as it goes to other processes.
 */

/** Module in contenders/, and who is in it. */
const FILES = {
  bundleseal: ['bundleseal'],
  'by-hand': ['by-hand', 'by-hand-tuned'],
  capgo: ['capgo'],
  age: ['age'],
  openpgp: ['openpgp', 'openpgp-aead'],
  aws: ['aws', 'aws-frames'],
  jose: ['jose'],
  libsodium: ['libsodium'],
  hpke: ['hpke'],
  'age-command': ['age-command'],
  'gpg-command': ['gpg-command'],
};

export const OURS = 'bundleseal';
export const IDS = Object.values(FILES).flat();

/** Nothing but its own module is loaded. @param {string} id @returns {Promise<Contender>} */
export async function loadContender(id) {
  const file = Object.entries(FILES).find(([, ids]) => ids.includes(id))?.[0];
  const { contenders } = await import(`./contenders/${file}.js`);
  return contenders.find((/** @type {Contender} */ contender) => contender.id === id);
}

/** @param {Contender} contender @param {any} made */
export async function keysOf({ loadKeys }, made) {
  return loadKeys === undefined ? made : await loadKeys(made);
}
