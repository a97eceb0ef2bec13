// The terminal for commands: lines, warnings, a progress bar and questions.

import type { Progress } from '../options.ts';
import { Cancelled } from './answer.ts';
import { inWordsOfManager } from './package-manager.ts';
import { escapeInvisible, say, sizeTerminal } from './print.ts';
import { withoutKeys } from './redact.ts';

/** The options of every command. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export interface Context {
  readonly isJson: boolean;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  readonly warnings: string[];
  warn(message: string): void;
  /** Tells people about additional actions of the command. */
  inform(message: string): void;
  /** Shows progress. The bar appears after a second, and only on a terminal. */
  follow<T>(
    label: string,
    work: (onProgress: (progress: Progress) => void) => Promise<T>,
  ): Promise<T>;
  /**
   * Asks a question on a terminal. Without a terminal, the answer is no.
   *
   * @throws {@link Cancelled} if the user leaves the question with Escape, Ctrl-C or Ctrl-D.
   */
  confirm(question: string): Promise<boolean>;
  /**
   * Asks on a terminal for a secret, which is not shown while it is typed. Without a terminal, returns `undefined`.
   *
   * @throws {@link Cancelled} if the user leaves the question with Escape, Ctrl-C or Ctrl-D.
   */
  askSecret(question: string): Promise<string | undefined>;
}

const BAR_AFTER_MS = 1000;

export function createCommandContext(options: CommonOptions, signal: AbortSignal): Context {
  const isJson = options.json === true;
  const isSilent = isJson || options.quiet === true;
  const isTerminal = process.stderr.isTTY === true && !isSilent;
  if (process.stderr.isTTY === true) sizeTerminal(process.stderr);
  const warnings: string[] = [];
  return {
    isJson,
    signal,
    env: process.env,
    warnings,
    warn(message) {
      const text = withoutKeys(inWordsOfManager(message));
      warnings.push(text);
      if (!isJson) say(`! ${text}`);
    },
    inform(message) {
      if (!isSilent) say(`✓ ${withoutKeys(inWordsOfManager(message))}`);
    },
    async follow(label, work) {
      if (!isTerminal) return work(() => {});
      const bar = await createBar(label);
      try {
        return await work(bar.update);
      } finally {
        bar.stop();
      }
    },
    async confirm(question) {
      if (!isTerminal || process.stdin.isTTY !== true) return false;
      const { confirm } = await loadQuestions();
      const answer = await confirm({
        message: escapeInvisible(question),
        output: process.stderr,
        signal,
      });
      return answered(answer);
    },
    async askSecret(question) {
      // Asks also with --json and --quiet, because the command would fail without the answer.
      if (process.stderr.isTTY !== true || process.stdin.isTTY !== true) return undefined;
      const { password } = await loadQuestions();
      // Prints nothing for typed characters, so that the length stays secret.
      const answer = await password({
        message: escapeInvisible(question),
        mask: '',
        output: process.stderr,
        signal,
      });
      // It is undefined if nothing was typed.
      return answered(answer) ?? '';
    },
  };
}

/** Loads the functions that ask on a terminal. */
export async function loadQuestions(): Promise<typeof import('@clack/prompts')> {
  const questions = await import('@clack/prompts');
  // Without this, Ctrl-D closes the input, and the process ends without an answer and without a message.
  questions.updateSettings({ aliases: { [CTRL_D]: 'cancel' } });
  return questions;
}

const CTRL_D = '\u0004';

/**
 * Returns the answer to a question. During a question, Ctrl-C arrives as a key and not as a signal.
 *
 * @throws {@link Cancelled} if the user has left the question.
 */
export function answered<T>(given: T): Exclude<T, symbol> {
  if (typeof given === 'symbol') throw new Cancelled();
  return given as Exclude<T, symbol>;
}

async function createBar(label: string): Promise<{
  readonly update: (progress: Progress) => void;
  readonly stop: () => void;
}> {
  const { default: bars } = await import('cli-progress');
  const format = `  ${label} {bar} {percentage} %`;
  // `interruption.ts` handles signals, so the progress bar must not.
  const settings = { stream: process.stderr, format, clearOnComplete: true, hideCursor: true };
  const bar = new bars.SingleBar({ ...settings, gracefulExit: false }, bars.Presets.shades_classic);
  const begun = performance.now();
  let isShown = false;
  return {
    update({ done, total }) {
      if (!isShown && performance.now() - begun < BAR_AFTER_MS) return;
      if (isShown) bar.update(done);
      else bar.start(total, done);
      isShown = true;
    },
    stop() {
      if (isShown) bar.stop();
    },
  };
}
