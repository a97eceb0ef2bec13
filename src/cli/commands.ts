// The commands of releases and projects. They are loaded together when one of them is called.

export { completionOf } from './commands/completion.ts';
export { doctor } from './commands/doctor.ts';
export { init } from './commands/init.ts';
export { releaseIdCommand } from './commands/release-id.ts';
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
