// One signal that many pieces of work follow.

import { describe, expect, it } from 'vitest';
import { generatorStream } from '../../src/archive/streams.ts';
import { onAbort } from '../../src/signals.ts';

describe('onAbort', () => {
  it('calls work also if the signal had a listener before', () => {
    const controller = new AbortController();
    controller.signal.addEventListener('abort', () => {});
    let told = 0;
    onAbort(controller.signal, () => {
      told += 1;
    });
    controller.abort();
    expect(told).toBe(1);
  });

  it('calls work that came after another one was released twice', () => {
    const controller = new AbortController();
    const letGo = onAbort(controller.signal, () => {});
    letGo();
    let told = 0;
    onAbort(controller.signal, () => {
      told += 1;
    });
    letGo();
    controller.abort();
    expect(told).toBe(1);
  });

  it('stops a stream that was opened after another one was cancelled during a read', async () => {
    const controller = new AbortController();
    let fail = (_reason: unknown) => {};
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    async function* waiting(): AsyncGenerator<Uint8Array, void> {
      await new Promise((_, reject) => {
        fail = reject;
        begin();
      });
    }
    const first = generatorStream(waiting, controller.signal).getReader();
    const read = first.read();
    await begun;
    const cancelled = first.cancel();
    const second = generatorStream(waiting, controller.signal).getReader();
    fail(new Error('too late'));
    await Promise.all([read, cancelled]);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(second.read()).rejects.toBe(reason);
  });
});
