// Where the command line and the plugin for Vite look for the private key of a project.

/** The environment variable with the text of the private key. */
export const KEY_VARIABLE = 'BUNDLESEAL_PRIVATE_KEY';

/** The environment variable with the passphrase of the private key. */
export const PASSPHRASE_VARIABLE = 'BUNDLESEAL_KEY_PASSPHRASE';

/** The file with the private key, in the folder of the project. */
export const KEY_FILE = '.bundleseal_key';

/** The file with the public key, beside the private key. */
export const PUBLIC_KEY_FILE: string = `${KEY_FILE}.pub`;
