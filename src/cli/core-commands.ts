// The commands of keys and bundles. They are loaded together when one of them is called, without the code of releases
// and projects, which would take longer to compile than their own.

export { bundleConvert } from './commands/bundle-convert.ts';
export { bundleDecrypt } from './commands/bundle-decrypt.ts';
export { bundleEncrypt } from './commands/bundle-encrypt.ts';
export { bundleInspect } from './commands/bundle-inspect.ts';
export { bundleReseal } from './commands/bundle-reseal.ts';
export { bundleVerify } from './commands/bundle-verify.ts';
export { bundleZip } from './commands/bundle-zip.ts';
export { keyCreate } from './commands/key-create.ts';
export { keyDeleteOld } from './commands/key-delete-old.ts';
export { keyRotate } from './commands/key-rotate.ts';
export { keySave } from './commands/key-save.ts';
export { keyShow } from './commands/key-show.ts';
