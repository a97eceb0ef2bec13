// doctor: what is wrong with this project's keys, and what to do.

import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { BundleSealError } from '../../errors.ts';
import { repairKeyText } from '../../keys/repair.ts';
import { findConfig, readConfigText } from '../config/files.ts';
import { valuesOf } from '../config/read.ts';
import type { Context } from '../context.ts';
import { gitStateOf } from '../git.ts';
import { examples } from '../help.ts';
import { isThere, KEY_VARIABLES, type KeyValue, keyFromText, readKeyFile } from '../keys.ts';
import { run } from '../run.ts';
import { CAPGO, SEALED, type Wire } from '../wires.ts';

interface Options {
  readonly key?: string;
  readonly capgo: boolean;
  readonly plugin?: string;
}

/** One thing that was looked at. */
interface Finding {
  readonly state: 'good' | 'warning' | 'bad';
  /** What was found. */
  readonly what: string;
  /** What to do. */
  readonly mend?: string;
}

interface Keys {
  readonly wire: Wire;
  readonly privateKey?: KeyValue;
  readonly publicKey?: KeyValue;
  /** Ids of what there is. */
  readonly ids: ReadonlySet<string>;
}

const SIGNS = { good: '✓', warning: '!', bad: '✗' } as const;

// Where `cap sync` puts the config.
const COPIES = [
  'ios/App/App/capacitor.config.json',
  'android/app/src/main/assets/capacitor.config.json',
];

export function doctor(program: Command): void {
  program
    .command('doctor')
    .summary("check this project's keys and configs")
    .description(
      'Looks at keys, configs, git and CI variables, and says what to do. Changes nothing.',
    )
    .option('--key <file>', `the private key (default: ${SEALED.privateKeyFile})`)
    .option(
      '--capgo',
      `the keys are Capgo's (default: where ${CAPGO.privateKeyFile} alone is here)`,
      false,
    )
    .option(
      '--plugin <name>',
      'the plugin whose settings have the public key (default: CapacitorUpdater)',
    )
    .addHelpText('after', examples('doctor', 'doctor --json', 'doctor --capgo'))
    .action(
      run<Options>(async (context, { capgo, plugin, ...options }) => {
        const findings: Finding[] = [];
        const wire = capgo || (await isCapgoAlone(options.key)) ? CAPGO : SEALED;
        const key = options.key ?? wire.privateKeyFile;
        const keys = await examineKeys(context, wire, key, findings);
        await examineConfigs(keys, plugin, findings);
        await examinePrivacy(key, findings);
        await examineRoundTrip(keys, findings);
        const bad = findings.filter(({ state }) => state === 'bad').length;
        return {
          json: { healthy: bad === 0, findings },
          lines: [
            ...findings.flatMap(({ state, what, mend }) => [
              `${SIGNS[state]} ${what}`,
              ...(mend === undefined ? [] : [`    ${mend}`]),
            ]),
            bad === 0 ? 'All is well.' : `${bad} to mend.`,
          ],
          isBad: bad > 0,
        };
      }),
    );
}

async function isCapgoAlone(key: string | undefined): Promise<boolean> {
  if (key !== undefined || (await isThere(SEALED.privateKeyFile))) return false;
  return isThere(CAPGO.privateKeyFile);
}

async function examineKeys(
  context: Context,
  wire: Wire,
  path: string,
  findings: Finding[],
): Promise<Keys> {
  const ids = new Set<string>();
  const found: { privateKey?: KeyValue; publicKey?: KeyValue } = {};
  const identify = async (half: keyof typeof found, key: KeyValue): Promise<string> => {
    const id = await wire.idOf(half, key);
    found[half] ??= key;
    ids.add(id);
    return id;
  };

  for (const name of KEY_VARIABLES) {
    const value = context.env[name];
    if (!value) continue;
    const { repairs } = repairKeyText(value);
    await examine(findings, `${name}`, 'set the variable again from the key file', async () => {
      const id = await identify('privateKey', keyFromText(value));
      const what = `${name} holds the private key ${short(id)}`;
      if (repairs.length === 0) return { state: 'good', what };
      const how = repairs.join('; ');
      return {
        state: 'warning',
        what: `${what}, after a repair: ${how}`,
        mend: `bundleseal repairs this by itself; other tools may not. Set it again: printf %s "$(cat ${path})"`,
      };
    });
  }
  if (await isThere(path)) {
    await examine(findings, path, `make a new pair: ${wire.create} --force`, async () => {
      const id = await identify('privateKey', await readKeyFile(path));
      return { state: 'good', what: `${path} is the private key ${short(id)}` };
    });
  }
  if (found.privateKey === undefined) {
    findings.push({
      state: 'warning',
      what: `no private key here: neither ${path} nor ${KEY_VARIABLES[0]}`,
      mend: `on the build machine, set it, or make a pair: ${wire.create}`,
    });
  }
  const publicPath = `${path}.pub`;
  if (await isThere(publicPath)) {
    await examine(findings, publicPath, 'write it again from the private key', async () => {
      const key = await readKeyFile(publicPath);
      const id = await wire.idOf('publicKey', key);
      found.publicKey = key;
      if (ids.size > 0 && !ids.has(id)) {
        return {
          state: 'bad',
          what: `${publicPath} (${short(id)}) does not belong to the private key`,
          mend: 'find the right one: bundleseal key show FILE FILE',
        };
      }
      ids.add(id);
      return { state: 'good', what: `${publicPath} belongs to it` };
    });
  }
  if (ids.size > 1) {
    findings.push({
      state: 'bad',
      what: 'the private keys of the file and of the variables are not the same',
      mend: 'the order is --key, then the variables, then the file: remove the ones that are not meant',
    });
  }
  if (found.publicKey === undefined && found.privateKey !== undefined) {
    found.publicKey = await wire.publicKeyOf(found.privateKey);
  }
  return { wire, ...found, ids };
}

async function examineConfigs(
  keys: Keys,
  plugin: string | undefined,
  findings: Finding[],
): Promise<void> {
  const config = await findConfig('.');
  if (config === undefined) {
    findings.push({
      state: 'warning',
      what: 'no Capacitor config here',
      mend: "run doctor in the app's folder; without Capacitor, put the public key into the app yourself",
    });
    return;
  }
  await examineConfig(keys, plugin, config.path, findings);
  for (const copy of COPIES) {
    if (await isThere(copy)) await examineConfig(keys, plugin, copy, findings, 'npx cap sync');
  }
}

async function examineConfig(
  keys: Keys,
  plugin: string | undefined,
  path: string,
  findings: Finding[],
  mend = 'bundleseal key save',
): Promise<void> {
  await examine(findings, path, 'mend the file', async () => {
    const values = await valuesOf(
      await readConfigText({ path }),
      path.replace(/^.*[\\/]/, ''),
      plugin,
    );
    const { publicKey, privateKey, previousPublicKey } = values.plugin;
    if (privateKey.kind !== 'absent') {
      findings.push({
        state: 'bad',
        what: `${path} has a private key, so every copy of the app has it`,
        mend: `bundleseal key delete-old, then ${keys.wire.create} --force: that key is known`,
      });
    }
    if (publicKey.kind === 'absent') {
      return { state: 'bad', what: `${path} has no public key`, mend };
    }
    if (publicKey.kind !== 'literal' || typeof publicKey.value !== 'string') {
      return {
        state: 'warning',
        what: `${path} computes its public key when it is loaded: it can't be told from here`,
        mend: 'look at the copies that npx cap sync makes',
      };
    }
    const id = await keys.wire.idOf('publicKey', publicKey.value);
    if (keys.ids.size === 0 || keys.ids.has(id)) {
      return { state: 'good', what: `${path} holds the public key ${short(id)}` };
    }
    const previous = previousPublicKey;
    if (previous?.kind === 'literal' && typeof previous.value === 'string') {
      if (keys.ids.has(await keys.wire.idOf('publicKey', previous.value))) {
        return {
          state: 'warning',
          what: `${path} holds the private key's other half as previousPublicKey`,
          mend: 'a rotation is under way: bundleseal key rotate --help',
        };
      }
    }
    return {
      state: 'bad',
      what: `${path} holds another public key (${short(id)}) than the private key's`,
      mend,
    };
  });
}

async function examinePrivacy(path: string, findings: Finding[]): Promise<void> {
  if (!(await isThere(path))) return;
  const { mode } = await stat(path);
  // Windows has no such bits.
  if (process.platform !== 'win32') {
    findings.push(
      (mode & 0o077) === 0
        ? { state: 'good', what: `${path} is readable by its owner alone` }
        : { state: 'bad', what: `${path} is readable by others`, mend: `chmod 600 ${path}` },
    );
  }
  const states: Record<Awaited<ReturnType<typeof gitStateOf>>, Finding> = {
    tracked: {
      state: 'bad',
      what: `${path} is in git`,
      mend: `git rm --cached ${path}, and make a new pair: whoever has the repository has the key`,
    },
    'not ignored': {
      state: 'warning',
      what: `git would commit ${path}`,
      mend: `add to .gitignore: /${path}`,
    },
    ignored: { state: 'good', what: `git ignores ${path}` },
    'no repository': { state: 'good', what: `${path} is in no git repository` },
  };
  findings.push(states[await gitStateOf(path)]);
}

async function examineRoundTrip(keys: Keys, findings: Finding[]): Promise<void> {
  const { privateKey, publicKey } = keys;
  if (privateKey === undefined || publicKey === undefined) return;
  await examine(findings, 'sealing and opening', 'make a new pair', async () => {
    await keys.wire.roundTrip(privateKey, publicKey);
    return { state: 'good', what: 'a bundle was sealed, opened and compared' };
  });
}

/** Adds what `look` finds; an error of the library's is a finding too. */
async function examine(
  findings: Finding[],
  subject: string,
  mend: string,
  look: () => Promise<Finding>,
): Promise<void> {
  try {
    findings.push(await look());
  } catch (error) {
    if (!(error instanceof BundleSealError)) throw error;
    findings.push({ state: 'bad', what: `${subject}: ${error.message}`, mend });
  }
}

function short(id: string): string {
  return `${id.slice(0, 16)}…`;
}
