// @ts-check
// The age command line, where it is installed (Debian: apt-get install age).

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandVersion, runCommand } from '../command.js';

const version = commandVersion('age', /v?(\d[\w.]*)/);

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  {
    id: 'age-command',
    name: 'age (command)',
    version: version ?? '',
    what: 'X25519 recipient, HKDF-SHA-256, ChaCha20-Poly1305 in chunks of 64 KiB; native code',
    sender: 'nothing',
    note: 'Does less: no sender authentication. The time includes the start of its process.',
    ...(version === undefined && { missing: 'this machine has no age command' }),
    makeKeys: (directory) => {
      const identity = join(directory, 'age-identity');
      const { status, stderr } = spawnSync('age-keygen', ['-o', identity], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`age-keygen failed: ${stderr}`);
      const recipient = /^# public key: (\S+)$/m.exec(readFileSync(identity, 'utf8'))?.[1];
      return { identity, recipient };
    },
    memory: { cannot: 'a command, for files' },
    file: {
      command: true,
      seal: ({ recipient }, input, output) =>
        runCommand('age', ['--recipient', recipient, '--output', output, input]),
      open: ({ identity }, input, output) =>
        runCommand('age', ['--decrypt', '--identity', identity, '--output', output, input]),
    },
  },
];
