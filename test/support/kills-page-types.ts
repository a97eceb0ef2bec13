// What the page of test/model/chromium-kills and its server tell each other.

export type StoreName = 'cacheStore' | 'opfsStore';

/** The first start of a launch. */
export interface Report {
  readonly store: StoreName;
  readonly id: string;
  readonly digests: readonly (readonly [path: string, sha256: string])[];
  readonly sequence: number;
  /** Whether the store had a state before the start. */
  readonly hadState: boolean;
  readonly blocked: readonly string[];
  /** The number of complete releases. */
  readonly stored: number;
  /** What the updater reported while it started. */
  readonly events: readonly string[];
}

export type Step =
  | { readonly step: 'confirmed'; readonly id: string; readonly isOn: boolean }
  | { readonly step: 'failed' | 'activates' | 'runs' | 'done'; readonly id: string }
  | { readonly step: 'checked'; readonly sequence: number };

export interface Orders {
  /** No further index comes. */
  readonly isLast: boolean;
  /** The page reports the release that runs as broken. */
  readonly fails: boolean;
}
