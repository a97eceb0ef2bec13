// All commands. They are loaded together when one of them is called.

export { bundleConvert } from './commands/bundle-convert.ts';
export { bundleDecrypt } from './commands/bundle-decrypt.ts';
export { bundleEncrypt } from './commands/bundle-encrypt.ts';
export { bundleInspect } from './commands/bundle-inspect.ts';
export { bundleReseal } from './commands/bundle-reseal.ts';
export { bundleVerify } from './commands/bundle-verify.ts';
export { bundleZip } from './commands/bundle-zip.ts';
export { completionOf } from './commands/completion.ts';
export { doctor } from './commands/doctor.ts';
export { init } from './commands/init.ts';
export { keyCreate } from './commands/key-create.ts';
export { keyDeleteOld } from './commands/key-delete-old.ts';
export { keyRotate } from './commands/key-rotate.ts';
export { keySave } from './commands/key-save.ts';
export { keyShow } from './commands/key-show.ts';
export { releaseId } from './commands/release-id.ts';
export { releaseKeys } from './commands/release-keys.ts';
export { releaseList } from './commands/release-list.ts';
export { releasePromote } from './commands/release-promote.ts';
export { releasePrune } from './commands/release-prune.ts';
export { releasePublish } from './commands/release-publish.ts';
export { releaseRefresh } from './commands/release-refresh.ts';
export { releaseRollout } from './commands/release-rollout.ts';
export { releaseStamp } from './commands/release-stamp.ts';
export { releaseVerify } from './commands/release-verify.ts';
export { releaseWithdraw } from './commands/release-withdraw.ts';
