import { spawn } from 'node:child_process';

// None takes a quarter of it; one that hangs is a failure of its own, and not of the run.
const TIME_LIMIT = 180_000;

/**
 * Runs a program to its end. Returns its output, and includes it in the error if the program fails.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<string>} the output of both streams.
 */
export function command(program, args, cwd, env = {}) {
  return new Promise((resolve, reject) => {
    let printed = '';
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIME_LIMIT,
      killSignal: 'SIGKILL',
    });
    const keep = (chunk) => {
      printed += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`${program} ended with ${signal ?? code}: ${printed.slice(-3000)}`));
    });
  });
}

const MARK = 'RESULTS ';

/** The results in the output of a host. */
export function resultsIn(printed) {
  const at = printed.lastIndexOf(MARK);
  if (at === -1) throw new Error(`no results were printed: ${printed.slice(-3000)}`);
  const [line] = printed.slice(at + MARK.length).split('\n');
  return JSON.parse(line);
}
