// The questions of bundleseal init, answered on a terminal.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Project, useCli } from '../../support/cli.ts';
import { APPS, type App } from '../../support/init-apps.ts';
import { VITE, withApp } from '../../support/init-project.ts';

useCli();

/** What a user waits for, and then types. */
type Step = readonly [shown: string, typed: string];

const CTRL_C = '\u0003';
const CTRL_U = '\u0015';

/** Runs init on a terminal of its own. Returns what the terminal showed, and the exit code. */
function initOnTerminal({ folder, cli }: Project, args: string, steps: readonly Step[]) {
  return new Promise<{ code: number | null; shown: string }>((resolve, reject) => {
    const command = `stty cols 200; ${process.execPath} ${cli} init ${args}`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder });
    const left = [...steps];
    let shown = '';
    let unread = '';
    child.stdout.on('data', (piece: Buffer) => {
      shown += piece;
      unread += piece;
      const [step] = left;
      if (step === undefined || !unread.includes(step[0])) return;
      left.shift();
      unread = '';
      child.stdin.write(step[1]);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, shown }));
  });
}

describe.runIf(spawnSync('which', ['script']).status === 0)('the questions of init', () => {
  it('are asked again after an answer that init cannot use', async () => {
    await withApp(VITE, async (project) => {
      const { code, shown } = await initOnTerminal(project, '--framework vite --store folder', [
        ['Build folder of the app', '?\r'],
        ['Type the build folder', `${CTRL_U}dist\r`],
        ['Address of the store', `${CTRL_U}http://a.example\r`],
        ['Type an address with https://', `${CTRL_U}updates/\r`],
        ['Channel', `${CTRL_U}..\r`],
        ['Type 1 to 64 of the characters', CTRL_C],
      ]);
      expect(shown).toContain('Type 1 to 64 of the characters');
      expect(shown).not.toContain('ERR_USAGE');
      expect(code).toBe(130);
      expect(existsSync(project.path('.bundleseal_key'))).toBe(false);
    });
  });

  it('ask for the address of an app that is no website until they get one', async () => {
    await withApp(APPS['electron'] as App, async (project) => {
      const { code, shown } = await initOnTerminal(project, '--dir dist --store folder', [
        ['Framework', '\r'],
        ['Address of the store', `${CTRL_U}\r`],
        ['Electron has no default', CTRL_C],
      ]);
      expect(shown).toContain('Type the address at which devices read the store');
      expect(code).toBe(130);
    });
  });
});
