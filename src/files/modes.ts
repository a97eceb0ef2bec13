// Mode bits of files and folders.

/** Only the owner can read and write the file. */
export const PRIVATE_FILE = 0o600;

/** Only the owner can list, enter and change the folder. */
export const PRIVATE_FOLDER = 0o700;

/** The rights of owner, group and others, without set-user-ID, set-group-ID and the sticky bit. */
export const PERMISSION_BITS = 0o777;
