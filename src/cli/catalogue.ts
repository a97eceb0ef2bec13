// All commands, as help lists them. The rest of a command is loaded when it is called.

import type { Command } from 'commander';

/** A command. */
export interface CommandEntry {
  /** Name and operands of the command. */
  readonly usage: string;
  readonly summary: string;
  /** Loads the function that adds its description, options and action. */
  readonly load: () => Promise<(command: Command) => void>;
}

export interface Group {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly CommandEntry[];
}

export const GROUPS: readonly Group[] = [
  {
    name: 'key',
    description: 'make, save and inspect keys',
    commands: [
      {
        usage: 'create',
        summary: 'make an RSA-4096 key pair',
        load: async () => (await import('./core-commands.ts')).keyCreate,
      },
      {
        usage: 'save',
        summary: 'write the public key into the Capacitor config, or into a module',
        load: async () => (await import('./core-commands.ts')).keySave,
      },
      {
        usage: 'delete-old',
        summary: 'remove a V1 private key from the Capacitor config',
        load: async () => (await import('./core-commands.ts')).keyDeleteOld,
      },
      {
        usage: 'show <files...>',
        summary: 'show id, bits and format of keys, and whether two are a pair',
        load: async () => (await import('./core-commands.ts')).keyShow,
      },
      {
        usage: 'rotate',
        summary: 'replace the key pair, step by step',
        load: async () => (await import('./core-commands.ts')).keyRotate,
      },
    ],
  },
  {
    name: 'bundle',
    description: 'zip, seal, open and check bundles',
    commands: [
      {
        usage: 'zip [dir]',
        summary: 'zip a build folder reproducibly',
        load: async () => (await import('./core-commands.ts')).bundleZip,
      },
      {
        usage: 'encrypt <zip|dir>',
        summary: 'seal a zip or a build folder',
        load: async () => (await import('./core-commands.ts')).bundleEncrypt,
      },
      {
        usage: 'decrypt <file>',
        summary: 'open a sealed bundle',
        load: async () => (await import('./core-commands.ts')).bundleDecrypt,
      },
      {
        usage: 'verify <file>',
        summary: 'check a sealed bundle without writing anything',
        load: async () => (await import('./core-commands.ts')).bundleVerify,
      },
      {
        usage: 'inspect <file>',
        summary: "show a sealed bundle's header",
        load: async () => (await import('./core-commands.ts')).bundleInspect,
      },
      {
        usage: 'reseal <files...>',
        summary: 'replace the seal of stored bundles by one of a new key',
        load: async () => (await import('./core-commands.ts')).bundleReseal,
      },
      {
        usage: 'convert <file>',
        summary: "convert a bundle from Capgo's format to the sealed format, or back",
        load: async () => (await import('./core-commands.ts')).bundleConvert,
      },
    ],
  },
  {
    name: 'release',
    description: 'publish releases and maintain a store',
    commands: [
      {
        usage: 'publish <dir>',
        summary: 'publish a build to a channel',
        load: async () => (await import('./commands.ts')).releasePublish,
      },
      {
        usage: 'list',
        summary: 'list the releases that a channel offers',
        load: async () => (await import('./commands.ts')).releaseList,
      },
      {
        usage: 'rollout <share>',
        summary: 'change the share of devices that are offered a release',
        load: async () => (await import('./commands.ts')).releaseRollout,
      },
      {
        usage: 'withdraw <release>',
        summary: 'withdraw a release from devices',
        load: async () => (await import('./commands.ts')).releaseWithdraw,
      },
      {
        usage: 'promote [release]',
        summary: 'offer a release of another channel, or put an older one first',
        load: async () => (await import('./commands.ts')).releasePromote,
      },
      {
        usage: 'refresh',
        summary: 'make an index that expires later',
        load: async () => (await import('./commands.ts')).releaseRefresh,
      },
      {
        usage: 'verify',
        summary: 'check a store as devices would use it',
        load: async () => (await import('./commands.ts')).releaseVerify,
      },
      {
        usage: 'prune',
        summary: 'delete objects that no index needs any more',
        load: async () => (await import('./commands.ts')).releasePrune,
      },
      {
        usage: 'stamp <dir>',
        summary: 'write the stamp of a built-in release',
        load: async () => (await import('./commands.ts')).releaseStamp,
      },
      {
        usage: 'keys',
        summary: 'replace the trusted keys, with the recovery key',
        load: async () => (await import('./commands.ts')).releaseKeys,
      },
      {
        usage: 'id <dir>',
        summary: 'print the release id of a build',
        load: async () => (await import('./commands.ts')).releaseIdCommand,
      },
    ],
  },
];

/** Commands without a group. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    usage: 'init',
    summary: 'set up updates for the app in this folder',
    load: async () => (await import('./commands.ts')).init,
  },
  {
    usage: 'doctor',
    summary: "check this project's keys and configs",
    load: async () => (await import('./commands.ts')).doctor,
  },
  {
    usage: 'completion <shell>',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./commands.ts')).completionOf([...GROUPS, ...COMMANDS]),
  },
];
