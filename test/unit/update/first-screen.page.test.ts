// What counts as the first screen of a page, and how long a page may take for it.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { waitForFirstScreen } from '../../../src/update.ts';

const look = () => waitForFirstScreen({ timeout: 0 });

// A red pixel.
const IMAGE = 'data:image/gif;base64,R0lGODlhAQABAIAAAP8AAAAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==';

beforeEach(() => {
  document.body.innerHTML = '<div id="app"></div><script type="text/plain">text</script>';
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  document.body.innerHTML = '';
});

const app = () => document.querySelector('#app') as HTMLElement;

const BOX = 'width: 20px; height: 20px';

describe('a page', () => {
  it.each([
    ['text', '<p>Hello</p>'],
    ['text of an element that has no box', '<div style="display: contents">Hello</div>'],
    ['an image', `<img src="${IMAGE}" style="${BOX}">`],
    ['a drawing', '<svg width="20" height="20"><circle r="9"></circle></svg>'],
    ['a canvas', '<canvas></canvas>'],
    ['a video', '<video></video>'],
    ['a frame', '<iframe></iframe>'],
    ['a control', '<input>'],
    ['a letter of an icon font', '<style>i::before { content: "\\e900" }</style><i></i>'],
    ['a background image', `<div style="${BOX}; background: url(${IMAGE})"></div>`],
    [
      'two boxes with a colour',
      `<div style="${BOX}; background: red"></div><div style="${BOX}; background: rgb(0, 0, 0)"></div>`,
    ],
  ])('shows something if it has %s', async (_, html) => {
    expect(await look()).toBe(false);
    app().innerHTML = html;
    expect(await look()).toBe(true);
  });

  it.each([
    ['nothing but the comment that Vue leaves', '<!---->'],
    ['an element without content', '<div class="layout"><main></main></div>'],
    ['hidden text', '<p hidden>Hello</p><p style="visibility: hidden">Hello</p>'],
    [
      'text for readers alone',
      '<p style="position: absolute; overflow: hidden; width: 1px; height: 1px">Hello</p>',
    ],
    ['text for browsers without scripts', '<noscript>Turn JavaScript on.</noscript>'],
    ['a style sheet and a template', '<style>p { color: red }</style><template>Hello</template>'],
    ['a set of icons for later', '<svg width="0" height="0"><symbol><path></path></symbol></svg>'],
    [
      'the pixel and the frame of a tracker',
      '<img width="1" height="1"><iframe style="position: absolute; left: -999px"></iframe>',
    ],
    ['one box with a colour', `<div style="${BOX}; background: red"></div>`],
    [
      'boxes without a colour',
      `<div style="${BOX}; background: transparent"></div><div style="${BOX}"></div>`,
    ],
  ])('shows nothing if it has %s', async (_, html) => {
    app().innerHTML = html;
    expect(await look()).toBe(false);
  });

  it('shows nothing if only its body and the root of the app have a background', async () => {
    const background = `background: url(${IMAGE}) red; min-height: 100px`;
    document.body.style.cssText = background;
    app().style.cssText = background;
    try {
      expect(await look()).toBe(false);
    } finally {
      document.body.removeAttribute('style');
    }
  });

  it('shows something if an open shadow root shows something', async () => {
    const root = app().attachShadow({ mode: 'open' });
    root.innerHTML = '<style>p { color: red }</style><section></section>';
    expect(await look()).toBe(false);
    const inner = root.querySelector('section')?.attachShadow({ mode: 'open' }) as ShadowRoot;
    inner.innerHTML = 'Hello';
    expect(await look()).toBe(true);
  });

  it('shows something if a custom element with a closed shadow root has a size', async () => {
    customElements.define(
      'closed-element',
      class extends HTMLElement {
        constructor() {
          super();
          this.attachShadow({ mode: 'closed' }).innerHTML = '<b>Hello</b>';
        }
      },
    );
    app().innerHTML = '<other-element style="display: block; height: 9px"></other-element>';
    expect(await look()).toBe(false);
    app().innerHTML = '<closed-element></closed-element>';
    expect(await look()).toBe(true);
  });
});

describe('waitForFirstScreen', () => {
  const faked = () =>
    vi.useFakeTimers({
      toFake: ['setInterval', 'clearInterval', 'Date', 'requestAnimationFrame'],
    });
  const outcome = (waiting: Promise<boolean>) => {
    const found: { value?: boolean } = {};
    waiting.then((value) => {
      found.value = value;
    });
    return found;
  };

  it('waits for two frames, in which a framework may replace the page', async () => {
    app().textContent = 'Loading';
    requestAnimationFrame(() => app().replaceChildren());
    expect(await waitForFirstScreen({ timeout: 300 })).toBe(false);
  });

  it('is true when a slow page shows something', async () => {
    faked();
    const found = outcome(waitForFirstScreen());
    await vi.advanceTimersByTimeAsync(29_000);
    expect(found).toEqual({});
    app().textContent = 'Hello';
    await vi.advanceTimersByTimeAsync(300);
    expect(found).toEqual({ value: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is false after 30 seconds in which a visible page has shown nothing', async () => {
    faked();
    const state = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    const found = outcome(waitForFirstScreen());
    await vi.advanceTimersByTimeAsync(40_000);
    expect(found).toEqual({});
    state.mockReturnValue('visible');
    await vi.advanceTimersByTimeAsync(29_000);
    expect(found).toEqual({});
    await vi.advanceTimersByTimeAsync(2_000);
    expect(found).toEqual({ value: false });
    expect(vi.getTimerCount()).toBe(0);
  });
});
