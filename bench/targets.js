// The target of each figure. A ratio says how many times as fast as the peer the library is.

/** @typedef {{ op: '>=' | '<=', value: number }} Target */

const atLeast = (/** @type {number} */ value) => /** @type {Target} */ ({ op: '>=', value });
const atMost = (/** @type {number} */ value) => /** @type {Target} */ ({ op: '<=', value });

export const TARGETS = {
  /** Node backend at 64 MiB against node:crypto by hand, whole chunks, fresh output. */
  nodeRatio: atLeast(1),
  /** noble backend against bare noble with the same RSA. */
  nobleRatio: atLeast(0.95),
  /** WebCrypto backend in Chromium against bare chunked crypto.subtle. */
  chromiumRatio: atLeast(0.85),
  /** Capgo's format against Capgo's own functions. */
  capgoRatio: atLeast(1),
  /** The same in Chromium against bare crypto.subtle. */
  capgoChromiumRatio: atLeast(0.9),
  /** Streams on Node at 256 MiB against the calls in memory. */
  streamRatio: atLeast(0.85),
  /** decryptStream in Chromium against bare chunked crypto.subtle over the same stream. */
  chromiumStreamRatio: atLeast(0.8),
  /** File to file against a pipeline as most people write it. */
  pipelineRatio: atLeast(2.5),
  /** The same with a highWaterMark of 1 MiB on every stage. */
  tunedPipelineEncryptRatio: atLeast(1.2),
  tunedPipelineDecryptRatio: atLeast(1.5),
  /** File to file, as a share of the rate of two cores without files. */
  ceilingShare: atLeast(0.5),
  /** The whole job against zip and age, or age, unzip and sync: 0.8 of its time, and all of it. */
  sealJobRatio: atLeast(1 / 0.8),
  openJobRatio: atLeast(1),
  /** The same for an app of 5 MB, where the start of Node is much of it. */
  smallJobRatio: atLeast(1 / 1.5),
  /** A sealed folder in shares of Info-ZIP's zip of it. */
  zipSizeShare: atMost(1.005),
  /** Memory of the job beyond an idle process. */
  jobPeakMiB: atMost(128),
  /** Zips in memory against fflate. */
  zipBundleRatio: atLeast(1 / 0.6),
  unzipBundleRatio: atLeast(1 / 0.8),
  unzipChromiumRatio: atLeast(1),
  /** What `--help` takes beyond 1.3 times an empty program. */
  helpMs: atMost(40),
  /** Recovering an RSA-4096 seal in pure JavaScript. */
  recoverMs: atMost(2),
  /** Making a seal in pure JavaScript, blinded and checked, in shares of one m^d mod n without CRT. */
  signShare: atMost(0.5),
  /** Memory beyond input and output at 64 MiB on the node backend. */
  peakMiB: atMost(32),
  /** Memory of a file call beyond an idle process, whatever the size, with the second thread and without. */
  filePeakMiB: atMost(96),
  filePeakOneThreadMiB: atMost(48),
  /** What the largest file takes beyond the smallest, 64 times its size: the digests of its chunks, and the heap of V8. */
  fileGrowthMiB: atMost(20),
  /** Reading 1 KiB of a bundle on a web server. */
  requestsPerRead: atMost(2),
  chunksPerRead: atMost(2),
  /** What an app that imports decryptBundle loads at once, minified and gzipped. */
  eagerBytes: atMost(10_000),
  /** The start of the command line beyond one and a half times that of Node. */
  startMs: atMost(60),
  /** Plain bytes of patches in shares of `zstd -19 --patch-from`: of six pairs, and of five without the best one. */
  patchMean: atMost(0.72),
  patchMeanOfOthers: atMost(0.95),
  /** No pair over the smaller of zstd and bsdiff by more than this. */
  patchWorst: atMost(1.08),
  createPatchRatio: atLeast(1),
  /** Of the bound in the docstring of createPatch. */
  patchMemoryShare: atMost(1),
  /** applyPatch against unzipBundle of the whole release. */
  applyPatchRatio: atLeast(1),
  applyPatchMiB: atMost(32),
  /** publishRelease with five patches against five `zstd -19 --patch-from` one after the other: 1.5 times its time. */
  publishRatio: atLeast(0.66),
  patchEntryBytes: atMost(8192),
  /** Bytes that a fleet downloads, in shares of file-level deltas. */
  fleetShare: atMost(0.1),
  /** `start` of a release of 1,000 files, beyond reading the state. */
  startNodeMs: atMost(20),
  startChromiumMs: atMost(30),
  /** Memory of a patch on a device, beyond both images. */
  updatePatchMiB: atMost(48),
  /** What sealing adds to a bundle. */
  overheadPercent: atMost(0.1),
};

/** @param {number} value @param {Target | undefined} target */
export function isMet(value, target) {
  if (target === undefined) return undefined;
  return target.op === '>=' ? value >= target.value : value <= target.value;
}
