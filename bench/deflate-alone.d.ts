export interface Deflating {
  /** Deflates all pieces once. Returns the number of pieces and of deflated bytes. */
  run(): Promise<{ pieces: number; bytes: number }>;
  end(): Promise<unknown>;
}

/** Starts threads that each have an equal share of the bytes. */
export function startDeflating(contents: readonly Uint8Array[], count: number): Promise<Deflating>;
