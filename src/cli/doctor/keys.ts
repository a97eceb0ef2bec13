// Examines the keys of one format that a command would use here.

import { exists } from '../../files/leniency.ts';
import { PASSPHRASE_VARIABLE } from '../../keys/key-places.ts';
import { repairKeyText } from '../../keys/repair.ts';
import type { BundleFormat } from '../bundle-formats.ts';
import { inShell } from '../help.ts';
import { EMPTY_ADVICE, keyOfSource, readPublicKeyFile } from '../keys.ts';
import { type Asking, isProtectedKey } from '../passphrase.ts';
import { findAbove } from '../project.ts';
import { type KeyValue, readKeyFile } from '../read-key.ts';
import { openPrivateKey } from '../signing-key.ts';
import { examine, type Finding } from './finding.ts';

/** The arguments of doctor and facts about the machine. */
export interface Situation {
  readonly env: NodeJS.ProcessEnv;
  /** The private key's file, from `--key`. */
  readonly key?: string;
  readonly plugin?: string;
  /** Whether this machine only opens bundles. */
  readonly verifyOnly: boolean;
}

export interface Keys {
  readonly format: BundleFormat;
  /** The path of the private key, which need not exist. */
  readonly path: string;
  /** The private key's file: at that path, else in a folder above. It need not exist. */
  readonly privateFile: string;
  /** The path of the public key, which need not exist. */
  readonly publicPath: string;
  readonly privateKey?: KeyValue;
  readonly publicKey?: KeyValue;
  /** The id that all other keys here should have; absent if no key can be read. */
  readonly id?: string;
}

export async function examineKeys(
  situation: Situation,
  format: BundleFormat,
  findings: Finding[],
): Promise<Keys> {
  const path = situation.key ?? format.privateKeyFile;
  const found = await examinePrivateKeys(situation, format, path, findings);
  const [first] = found;
  if (found.some(({ id }) => id !== first?.id)) {
    findings.push({
      code: 'PRIVATE_KEYS_DIFFER',
      state: 'bad',
      what: `${found.map(({ from }) => from).join(' and ')} hold different private keys`,
      mend: `${first?.from} comes first: remove the wrong one`,
      wire: format.name,
    });
  }
  const publicPath = await publicKeyPath(situation, format, path);
  const open = await examinePublicKey(format, publicPath, first?.id, findings);
  const id = first?.id ?? open?.id;
  const isBelow = situation.key === undefined && !(await exists(path));
  return {
    format,
    path,
    privateFile: (isBelow ? await findAbove(path) : undefined) ?? path,
    publicPath,
    ...(first && { privateKey: first.key, publicKey: await format.publicKeyOf(first.key) }),
    ...(first === undefined && open && { publicKey: open.key }),
    ...(id !== undefined && { id }),
  };
}

/** An app of a monorepo may have its public key in a folder above, unless it has a private key of its own. */
async function publicKeyPath(
  { key }: Situation,
  format: BundleFormat,
  path: string,
): Promise<string> {
  const here = `${path}.pub`;
  if (key !== undefined || (await exists(path)) || (await exists(here))) return here;
  return (await findAbove(format.publicKeyFile)) ?? here;
}

interface Identified {
  readonly key: KeyValue;
  readonly id: string;
  readonly from: string;
}

async function examinePrivateKeys(
  situation: Situation,
  format: BundleFormat,
  path: string,
  findings: Finding[],
): Promise<Identified[]> {
  const { variable } = format;
  const found: Identified[] = [];
  const about = { wire: format.name } as const;
  let isBroken = false;
  const value = situation.key === undefined ? situation.env[variable] : undefined;
  if (value?.trim() === '') {
    isBroken = true;
    findings.push({
      code: 'PRIVATE_KEY_EMPTY',
      state: 'bad',
      what: `${variable} is set and empty`,
      mend: EMPTY_ADVICE,
      ...about,
    });
  } else if (value !== undefined) {
    const failed: Finding = {
      code: 'PRIVATE_KEY_INVALID',
      state: 'bad',
      what: variable,
      mend: 'set the variable again from the key file',
      ...about,
    };
    isBroken = true;
    await examine(findings, failed, async () => {
      const given = await keyOfSource(value, variable);
      if (await isLocked(situation, given)) return lockedFinding(format, variable);
      const key = await openPrivateKey(asking(situation), given, variable, format);
      const id = await format.idOf('privateKey', key);
      found.push({ key, id, from: variable });
      return variableFinding(format, id, path, repairKeyText(value).repairs);
    });
  }
  if (await exists(path)) {
    isBroken = true;
    const failed: Finding = {
      code: 'PRIVATE_KEY_INVALID',
      state: 'bad',
      what: path,
      mend: `restore it from a copy, or make a new pair: ${createAgain(format, path)}`,
      path,
      ...about,
    };
    await examine(findings, failed, async () => {
      const given = await readKeyFile(path);
      if (await isLocked(situation, given)) return { ...lockedFinding(format, path), path };
      const key = await openPrivateKey(asking(situation), given, path, format);
      const id = await format.idOf('privateKey', key);
      found.push({ key, id, from: path });
      const what = `${path} is the private key ${id}`;
      return { code: 'PRIVATE_KEY_FOUND', state: 'good', what, path, keyId: id, ...about };
    });
  }
  if (found.length > 0 || isBroken) return found;
  return examineMissing(situation, format, path, findings);
}

/** The command that replaces the pair in this place. */
export function createAgain({ create, privateKeyFile }: BundleFormat, path: string): string {
  return `${create} --force${path === privateKeyFile ? '' : ` --out ${inShell(path)}`}`;
}

/** Doctor never asks for a passphrase, because its findings must not depend on what a user types. */
function asking({ env }: Situation): Asking {
  return { env, askSecret: async () => undefined };
}

async function isLocked({ env }: Situation, key: KeyValue): Promise<boolean> {
  return env[PASSPHRASE_VARIABLE] === undefined && (await isProtectedKey(key));
}

function lockedFinding(format: BundleFormat, from: string): Finding {
  return {
    code: 'PRIVATE_KEY_PROTECTED',
    state: 'unknown',
    what: `${from} is a private key under a passphrase, so it was not checked`,
    mend: `set ${PASSPHRASE_VARIABLE} to have it checked; commands that sign ask for it on a terminal`,
    wire: format.name,
  };
}

function variableFinding(
  format: BundleFormat,
  keyId: string,
  path: string,
  repairs: readonly string[],
): Finding {
  const what = `${format.variable} holds the private key ${keyId}`;
  const about = { keyId, wire: format.name };
  if (repairs.length === 0) return { code: 'PRIVATE_KEY_FOUND', state: 'good', what, ...about };
  return {
    code: 'PRIVATE_KEY_REPAIRED',
    state: 'warning',
    what: `${what}, after a repair: ${repairs.join('; ')}`,
    mend: `bundleseal repairs this; other tools may not. Set the variable again: printf %s "$(cat ${inShell(path)})"`,
    ...about,
  };
}

async function examineMissing(
  situation: Situation,
  format: BundleFormat,
  path: string,
  findings: Finding[],
): Promise<Identified[]> {
  const { env, key, verifyOnly } = situation;
  const about = { wire: format.name } as const;
  if (verifyOnly) {
    const what = 'there is no private key here, and opening bundles needs none';
    findings.push({ code: 'PRIVATE_KEY_NOT_NEEDED', state: 'good', what, ...about });
    return [];
  }
  const above = key === undefined ? await findAbove(path) : undefined;
  if (above !== undefined) {
    const found: Identified[] = [];
    const failed: Finding = { code: 'PRIVATE_KEY_INVALID', state: 'bad', what: above, ...about };
    await examine(findings, failed, async () => {
      const given = await readKeyFile(above);
      if (await isLocked(situation, given)) return { ...lockedFinding(format, above), path: above };
      const value = await openPrivateKey(asking(situation), given, above, format);
      const id = await format.idOf('privateKey', value);
      found.push({ key: value, id, from: above });
      return {
        code: 'PRIVATE_KEY_ELSEWHERE',
        state: 'warning',
        what: `no private key here, but ${above} is the private key ${id}`,
        mend: `commands in this folder use it only if you pass --key ${inShell(above)}`,
        path: above,
        keyId: id,
        ...about,
      };
    });
    return found;
  }
  const isBad = key !== undefined || isCi(env);
  findings.push({
    code: 'PRIVATE_KEY_MISSING',
    state: isBad ? 'bad' : 'warning',
    what:
      key === undefined
        ? `no private key: ${format.variable} is not set, and ${path} is not here. Nothing can be sealed on this machine`
        : `no private key: ${path} is not there`,
    mend: isBad
      ? `set ${format.variable} from the secret. On a machine that only opens bundles, run npx bundleseal doctor --verify-only`
      : (await exists(`${path}.pub`))
        ? `on the build machine, set ${format.variable} to the private half of ${path}.pub, or copy ${path} from the machine on which the pair was made`
        : `set ${format.variable} on the build machine, or make a pair: ${format.create}`,
    ...about,
  });
  return [];
}

async function examinePublicKey(
  format: BundleFormat,
  path: string,
  privateId: string | undefined,
  findings: Finding[],
): Promise<{ readonly key: KeyValue; readonly id: string } | undefined> {
  if (!(await exists(path))) return undefined;
  let found: { readonly key: KeyValue; readonly id: string } | undefined;
  const about = { path, wire: format.name } as const;
  const failed: Finding = {
    code: 'PUBLIC_KEY_INVALID',
    state: 'bad',
    what: path,
    mend: 'copy it again from the machine on which the pair was made',
    ...about,
  };
  await examine(findings, failed, async () => {
    const key = await readPublicKeyFile(format, path);
    const id = await format.idOf('publicKey', key);
    found = { key, id };
    if (privateId === undefined) {
      const what = `${path} is the public key ${id}`;
      return { code: 'PUBLIC_KEY_FOUND', state: 'good', what, keyId: id, ...about };
    }
    if (id === privateId) {
      const what = `${path} belongs to the private key`;
      return { code: 'PUBLIC_KEY_FOUND', state: 'good', what, keyId: id, ...about };
    }
    return {
      code: 'PUBLIC_KEY_MISMATCH',
      state: 'bad',
      what: `${path} (${id}) does not belong to the private key (${privateId})`,
      mend: 'find the right one: npx bundleseal key show FILE FILE',
      keyId: id,
      ...about,
    };
  });
  return found;
}

/** Whether this is a CI machine, by the variables of common CI systems. */
function isCi(env: NodeJS.ProcessEnv): boolean {
  const { CI, TF_BUILD, JENKINS_URL, TEAMCITY_VERSION, CODEBUILD_BUILD_ID } = env;
  const isSaid = CI !== undefined && !/^(|0|false|no)$/i.test(CI);
  return isSaid || [TF_BUILD, JENKINS_URL, TEAMCITY_VERSION, CODEBUILD_BUILD_ID].some(Boolean);
}
