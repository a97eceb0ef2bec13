// Finds out whether a page shows something on its first screen.

import { foregroundTimer } from './foreground.ts';

/** Options of {@link waitForFirstScreen}. */
export interface FirstScreenOptions {
  /** Milliseconds for which a visible page may show nothing. 0 looks once, without waiting. Default 30,000. */
  readonly timeout?: number;
}

/**
 * Milliseconds. The code of a release is on the device, so a page that works and shows nothing waits for data. Most requests of
 * apps have ended after this time, with an answer or with an error that the app shows.
 */
const TIMEOUT = 30_000;

/** Milliseconds between two looks at the page. No observer reports changes of styles, sizes and shadow roots. */
const PAUSE = 250;

/**
 * Waits until the page shows something. Confirm a release only then: a framework may log an error of a component and leave the
 * page empty, so that no `error` event says so. Vue does it in production builds, and Angular's `main.ts` too.
 *
 * A page shows something if it has text, an image, a canvas, a video, a frame, a control of a form, a custom element with a closed
 * shadow root, one background image or two boxes with a background colour. Each needs a size, and open shadow roots count. The
 * background of `<body>` and of its children does not count, because an empty root of the app has it too.
 *
 * Only the time counts for which the page is visible. A page in the background waits until somebody looks at it.
 *
 * @returns `true` when the page has shown something; `false` if it has shown nothing for `timeout`.
 * @see docs/updates.md#the-life-of-a-release
 * @example
 * ```ts
 * import { type Updater, waitForFirstScreen } from 'bundleseal/update';
 *
 * const confirmShown = async (updater: Updater, id: string) => {
 *   if (await waitForFirstScreen()) await updater.confirm(id);
 * };
 * console.log(typeof confirmShown);
 * ```
 */
export async function waitForFirstScreen({
  timeout = TIMEOUT,
}: FirstScreenOptions = {}): Promise<boolean> {
  if (timeout === 0) return showsSomething();
  // A framework may draw its first screen in a later task. Hidden pages draw no frames.
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  if (showsSomething()) return true;
  return new Promise((resolve) => {
    const look = (isLast: boolean) => {
      const isShown = showsSomething();
      if (!isShown && !isLast) return;
      clearInterval(timer);
      stop();
      resolve(isShown);
    };
    const timer = setInterval(look, PAUSE, false);
    const stop = foregroundTimer(timeout, () => look(true));
  });
}

/** Elements that draw something without text. */
const DRAWN =
  'img, svg, canvas, video, audio, iframe, object, embed, input, button, select, textarea, meter, progress';

function showsSomething(): boolean {
  let backgrounds = 0;
  for (const element of elementsIn(document.body)) {
    const style = getComputedStyle(element);
    if (style.visibility !== 'visible') continue;
    const isSized = hasSize(element);
    if ((isSized || style.display === 'contents') && hasText(element)) return true;
    if (!isSized) continue;
    if (element.matches(DRAWN) || isClosed(element) || hasGeneratedText(element)) return true;
    backgrounds += backgroundOf(element, style);
    if (backgrounds >= 2) return true;
  }
  return false;
}

function* elementsIn(root: Element): Generator<Element, void> {
  yield root;
  for (const child of [...(root.shadowRoot?.children ?? []), ...root.children]) {
    yield* elementsIn(child);
  }
}

/** Whether it has a place on the page. An element for screen readers or of a tracker has at most one pixel, or is left of the page. */
function hasSize(shown: Element | Range): boolean {
  const { width, height, right, bottom } = shown.getBoundingClientRect();
  return width > 1 && height > 1 && right + scrollX > 0 && bottom + scrollY > 0;
}

function hasText(element: Element): boolean {
  return [...(element.shadowRoot?.childNodes ?? []), ...element.childNodes].some((node) => {
    if (node.nodeType !== Node.TEXT_NODE || !/\S/.test(node.textContent ?? '')) return false;
    const range = document.createRange();
    range.selectNodeContents(node);
    return hasSize(range);
  });
}

/** Text of a style sheet, such as the letter of an icon font. */
function hasGeneratedText(element: Element): boolean {
  return ['::before', '::after'].some((part) =>
    /"[^"]*[^"\s]/.test(getComputedStyle(element, part).content),
  );
}

/** Whether it may have a closed shadow root, which no script can read. */
function isClosed(element: Element): boolean {
  const isDefined = customElements.get(element.localName) !== undefined;
  return isDefined && element.shadowRoot === null && element.childElementCount === 0;
}

/** 2 for an image, and 1 for a colour, of a box without elements in it. */
function backgroundOf(
  element: Element,
  { backgroundImage, backgroundColor }: CSSStyleDeclaration,
): number {
  const isRoot = [element, element.parentElement].includes(document.body);
  if (isRoot || element.childElementCount > 0) return 0;
  if (backgroundImage.includes('url(')) return 2;
  return /^rgba\(.*, 0\)$|\/ 0\)$|^transparent$/.test(backgroundColor) ? 0 : 1;
}
