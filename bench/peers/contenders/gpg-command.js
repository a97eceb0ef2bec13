// @ts-check
// The gpg command line, where it is installed (Debian: apt-get install gnupg): a key ring of its own, removed
// at the end together with its agent.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { commandVersion, runCommand } from '../command.js';

const version = commandVersion('gpg', /gpg \(GnuPG\) (\S+)/);
const USER = 'bench@example.com';
const PARAMETERS = `%no-protection
Key-Type: RSA
Key-Length: 4096
Key-Usage: sign
Subkey-Type: RSA
Subkey-Length: 4096
Subkey-Usage: encrypt
Name-Email: ${USER}
%commit
`;

/** @param {string} home */
const common = (home) => ['--homedir', home, '--batch', '--quiet', '--trust-model', 'always'];

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  {
    id: 'gpg-command',
    name: 'gpg (command)',
    version: version ?? '',
    what: 'RSA-4096 encryption and signature, its default cipher and hash, compression off; native code',
    sender: 'RSA-4096 signature',
    note: 'The time includes the start of its process. Its agent uses the private key; the memory of the agent is not counted.',
    ...(version === undefined && { missing: 'this machine has no gpg command' }),
    makeKeys: (directory) => {
      const home = join(directory, 'gnupg');
      mkdirSync(home, { mode: 0o700 });
      const { status, stderr } = spawnSync('gpg', [...common(home), '--generate-key'], {
        input: PARAMETERS,
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`gpg made no key: ${stderr}`);
      return { home };
    },
    discardKeys: ({ home }) => {
      spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    },
    memory: { cannot: 'a command, for files' },
    file: {
      command: true,
      seal: ({ home }, input, output) =>
        runCommand('gpg', [
          ...[...common(home), '--compress-algo', 'none', '--sign', '--encrypt'],
          ...['--local-user', USER, '--recipient', USER, '--output', output, input],
        ]),
      open: ({ home }, input, output) =>
        runCommand('gpg', [...common(home), '--output', output, '--decrypt', input]),
    },
  },
];
