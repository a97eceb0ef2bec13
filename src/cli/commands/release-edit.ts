// release rollout, release withdraw, release refresh: one index further, and no object.

import type { Command } from 'commander';
import { examples } from '../help.ts';
import { answerChange } from '../release/answer.ts';
import { readSigning, type SigningFlags, signingOptions } from '../release/options.ts';
import { readShare, shownShare } from '../release/units.ts';
import { run } from '../run.ts';

const USE_BUILT_IN = 'every device runs the release that its app was shipped with';
const NO_USE_BUILT_IN = 'devices choose among the releases again';

export function releaseRollout(group: Command): void {
  signingOptions(
    group
      .command('rollout')
      .summary('change to how many devices a release is offered')
      .description(
        'Changes the share of devices that are offered a release. A lower share takes no device back: use release withdraw for that.',
      )
      .argument('<share>', 'such as 25%')
      .option('--release <version|id>', 'default: the first one that is not withdrawn'),
  )
    .addHelpText('after', examples('release rollout 100% --channel production --store store'))
    .action(
      run<SigningFlags & { readonly release?: string }>(async (context, flags, share) => {
        const rollout = readShare('the share', share as string);
        const { options, keyFrom } = await readSigning(context, flags, '.');
        const { release } = flags;
        const { setRollout } = await import('../../node.ts');
        const changed = await setRollout({
          ...{ ...options, rollout },
          ...(release !== undefined && { release }),
        });
        return answerChange(changed, options, keyFrom, {
          json: { rollout },
          lines: [`  rollout  ${shownShare(rollout)} of the devices`],
        });
      }),
    );
}

export function releaseWithdraw(group: Command): void {
  signingOptions(
    group
      .command('withdraw')
      .summary('have devices leave a release')
      .description(
        'Withdraws a release: devices that run it leave it, and none takes it. release publish --reinstate or release promote --reinstate offers it again.',
      )
      .argument('<release>', 'its version or id')
      .option('--use-built-in', USE_BUILT_IN),
  )
    .addHelpText('after', examples('release withdraw 1.4.2 --channel production --store store'))
    .action(
      run<SigningFlags & { readonly useBuiltIn?: boolean }>(async (context, flags, release) => {
        const { options, keyFrom } = await readSigning(context, flags, '.');
        const { useBuiltIn } = flags;
        const { withdraw } = await import('../../node.ts');
        const changed = await withdraw({
          ...{ ...options, release: release as string },
          ...(useBuiltIn !== undefined && { useBuiltIn }),
        });
        const { withdrawn = [] } = changed.index;
        return answerChange(changed, options, keyFrom, {
          json: { withdrawn },
          lines: [`  withdrawn ${release as string}`],
        });
      }),
    );
}

export function releaseRefresh(group: Command): void {
  signingOptions(
    group
      .command('refresh')
      .summary('make an index that expires later')
      .description(
        'Makes an index that says the same and expires later. Run it on a schedule: devices refuse an index that has expired, and go on with what they have.',
      )
      .option('--use-built-in', USE_BUILT_IN)
      .option('--no-use-built-in', NO_USE_BUILT_IN),
  )
    .addHelpText('after', examples('release refresh --channel production --store store'))
    .action(
      run<SigningFlags & { readonly useBuiltIn?: boolean }>(async (context, flags) => {
        const { options, keyFrom } = await readSigning(context, flags, '.');
        const { useBuiltIn } = flags;
        const { refresh } = await import('../../node.ts');
        const changed = await refresh({
          ...options,
          ...(useBuiltIn !== undefined && { useBuiltIn }),
        });
        return answerChange(changed, options, keyFrom);
      }),
    );
}
