// doctor: finds mistakes with this project's keys and says what to do.

import type { Command } from 'commander';
import { exists } from '../../files/leniency.ts';
import type { Answer } from '../answer.ts';
import { type BundleFormat, CAPGO, PLUGIN, SEALED } from '../bundle-formats.ts';
import { examineConfig, examineModule, isCarried } from '../doctor/configs.ts';
import { examineExposure, examineLeftovers } from '../doctor/exposure.ts';
import { examine, type Finding } from '../doctor/finding.ts';
import { createAgain, examineKeys, type Keys, type Situation } from '../doctor/keys.ts';
import { type Searched, searchProject } from '../doctor/search.ts';
import { examineDevServer, examineServed } from '../doctor/served.ts';
import { examples } from '../help.ts';
import { findAbove } from '../project.ts';
import { refuseKeyAsPath } from '../read-key.ts';
import { run } from '../run.ts';

interface Options {
  readonly key?: string;
  readonly capgo: boolean;
  readonly plugin?: string;
  readonly verifyOnly: boolean;
}

const SIGNS = { good: '✓', warning: '!', bad: '✗', unknown: '?' } as const;

export function doctor(command: Command): void {
  command
    .description(
      'Checks keys, configs, modules, git and CI variables, and says what to do. It changes nothing and runs no code of the project. It reports files that it cannot read. Exits with 1 if it finds something bad.',
    )
    .option('--key <file>', `the private key (default: ${SEALED.privateKeyFile})`)
    .option('--capgo', "check only Capgo's keys (default: the keys that are here)", false)
    .option('--plugin <name>', `the plugin in whose settings the key is (default: ${PLUGIN})`)
    .option('--verify-only', 'this machine opens bundles and needs no private key', false)
    .addHelpText('after', examples('doctor', 'doctor --json', 'doctor --verify-only'))
    .action(
      run<Options>(async ({ env }, { capgo, ...options }) => {
        if (options.key !== undefined) await refuseKeyAsPath(options.key, '--key');
        const situation: Situation = { ...options, env };
        const searched = await searchProject();
        const formats = await formatsHere(situation, capgo, searched);
        return answer(await examineProject(situation, formats, searched));
      }),
    );
}

/**
 * Returns the formats for which this project has keys, here or in a folder above. Without such keys, returns the formats
 * of the keys that the apps carry, else the sealed format.
 */
async function formatsHere(
  { env, key }: Situation,
  isCapgo: boolean,
  { configs, modules }: Searched,
): Promise<BundleFormat[]> {
  if (isCapgo) return [CAPGO];
  if (key !== undefined) return [SEALED];
  const withKeys: BundleFormat[] = [];
  const carried: BundleFormat[] = [];
  for (const format of [SEALED, CAPGO]) {
    const { variable, privateKeyFile, publicKeyFile } = format;
    const isHere =
      env[variable] !== undefined ||
      (await exists(privateKeyFile)) ||
      (await exists(publicKeyFile)) ||
      (await findAbove(privateKeyFile)) !== undefined ||
      (await findAbove(publicKeyFile)) !== undefined;
    if (isHere) withKeys.push(format);
    if ((format === SEALED && modules.length > 0) || (await isCarried(format, configs))) {
      carried.push(format);
    }
  }
  if (withKeys.length > 0) return withKeys;
  return carried.length > 0 ? carried : [SEALED];
}

async function examineProject(
  situation: Situation,
  formats: readonly BundleFormat[],
  searched: Searched,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const allKeys: Keys[] = [];
  for (const format of formats) allKeys.push(await examineKeys(situation, format, findings));
  await examineApps(situation, allKeys, searched, findings);
  for (const { privateFile } of allKeys) {
    await examineExposure(privateFile, findings);
    await examineServed(privateFile, searched.configs, findings);
    await examineDevServer(privateFile, findings);
  }
  // Only this check needs code of init.
  const { examineBase } = await import('../doctor/pages.ts');
  await examineBase(findings);
  await examineLeftovers((allKeys[0] as Keys).privateFile, findings);
  for (const keys of allKeys) await examineRoundTrip(keys, findings);
  return findings;
}

/** Examines where apps get their key: in this folder, or in subfolders of a monorepo. */
async function examineApps(
  { plugin }: Situation,
  allKeys: readonly Keys[],
  { here, below, configs, modules }: Searched,
  findings: Finding[],
): Promise<void> {
  const hasKeys = allKeys.some(({ id }) => id !== undefined);
  const sealed = allKeys.find(({ format }) => format === SEALED);
  if (here === undefined && below.length > 0 && !hasKeys && modules.length === 0) {
    const folders = below.map(({ path }) => path.replace(/[\\/][^\\/]*$/, ''));
    findings.push({
      code: 'CONFIG_ELSEWHERE',
      state: 'bad',
      what: `this is not the folder of an app: the Capacitor config is in ${folders.join(', ')}`,
      mend: 'run npx bundleseal doctor there',
    });
    return;
  }
  if (configs.length === 0 && modules.length === 0) {
    findings.push(
      hasKeys
        ? {
            code: 'CONFIG_MISSING',
            state: 'warning',
            what: 'there is no Capacitor config here, and no module with the public key: doctor cannot tell which key the app has',
            mend: "run npx bundleseal doctor in the app's folder, or put the key into the app: npx bundleseal key save --module FILE",
          }
        : {
            code: 'NOTHING_FOUND',
            state: 'bad',
            what: 'this folder has neither a key nor an app with a key',
            mend: `set the app up: npx bundleseal init. Or make a pair alone: ${SEALED.create}. If the app is in another folder, run npx bundleseal doctor there`,
          },
    );
    return;
  }
  for (const { path } of configs) {
    const about = { ...(plugin !== undefined && { plugin }), hasModule: modules.length > 0 };
    await examineConfig(path, allKeys, about, findings);
  }
  if (sealed === undefined) return;
  for (const path of modules) await examineModule(path, sealed, findings);
}

async function examineRoundTrip(keys: Keys, findings: Finding[]): Promise<void> {
  const { format, privateKey, publicKey } = keys;
  if (privateKey === undefined || publicKey === undefined) return;
  const failed: Finding = {
    code: 'ROUND_TRIP_FAILED',
    state: 'bad',
    what: 'sealing and opening',
    mend: `make a new pair: ${createAgain(format, keys.path)}`,
    wire: format.name,
  };
  await examine(findings, failed, async () => {
    await format.roundTrip(privateKey, publicKey);
    const what = 'a bundle was sealed, opened and compared';
    return { code: 'ROUND_TRIP_PASSED', state: 'good', what, wire: format.name };
  });
}

function answer(findings: readonly Finding[]): Answer {
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length;
  const [bad, warning, unknown] = [count('bad'), count('warning'), count('unknown')];
  const end =
    bad > 0
      ? `${bad} to mend.`
      : warning + unknown > 0
        ? `No error was found; look at ${warning + unknown} of the findings.`
        : 'No problem was found.';
  return {
    json: { healthy: bad === 0, bad, warning, unknown, findings },
    isShown: true,
    rewrites: 'lines and json',
    lines: [
      ...findings.flatMap(({ state, what, mend }) => [
        `${SIGNS[state]} ${what}`,
        ...(mend === undefined ? [] : [`    ${mend}`]),
      ]),
      end,
    ],
    isBad: bad > 0,
  };
}
