// @ts-check Writes docs/benchmarks.md from the measured figures only.

/** @typedef {import('./report.js').Figure} Figure */

export const PARTS = {
  node: [
    'Node, `node` backend, against `node:crypto` by hand',
    'RSA-4096, chunks of 256 KiB. The code by hand uses one thread. It encrypts each chunk with AES-256-GCM into one output buffer, computes **one** SHA-256 of the whole, and makes one RSA operation. bundleseal hashes twice: each chunk and the whole. *32 KiB slices* passes data to the cipher in slices of this size, at which it is fastest. *Same work* also hashes each chunk. *Output reused* writes to a buffer of an earlier call; a call that returns its result cannot do so. For a bundle of 4 MiB, most of the time goes to the RSA operation and the second hash.',
  ],
  streams: [
    'Streams on Node, against the calls in memory',
    'The source is a stream of 64 KiB views of memory. A loop reads the output and counts its bytes. The calls in memory also allocate their whole output. `decryptBundle` checks the SHA-256 of the whole bundle; `decryptStream` checks only the digest of each chunk.',
  ],
  noble: [
    'Node, `noble` backend, against bare `@noble/ciphers` and `@noble/hashes`',
    'Both run the same primitives over the same chunks and hash each chunk and the whole. *With RSA* adds the same RSA operation by `micro-rsa-dsa-dh`.',
  ],
  webcrypto: [
    'Node, `webcrypto` backend, against bare `crypto.subtle`',
    'Both process eight chunks at the same time and hash each chunk and the whole.',
  ],
  chromium: [
    'Chromium, `webcrypto` backend, against bare `crypto.subtle`',
    'Both process eight chunks at the same time and hash each chunk and the whole. *With RSA* adds the same RSA operation in JavaScript. *decryptStream*: both read one stream of 64 KiB views of memory, compare the digest of each chunk and count the plain bytes; the bare code does not return a stream. Single operations are measured in the same browser.',
  ],
  capgo: [
    "Capgo's format on Node, against the functions of Capgo's command line",
    'Encrypts a zip in memory with a session key and AES-128-CBC, signs the session key and the SHA-256 with RSA-2048, and decrypts it again. The other side calls the functions of `@capgo/cli` in the order in which its commands call them.',
  ],
  'capgo-chromium': [
    "Capgo's format in Chromium, against bare `crypto.subtle`",
    'The bare code runs AES-CBC and SHA-256 over the whole input in one call each, without RSA.',
  ],
  files: [
    'File to file on Node',
    'Files of 1 GiB. Each run has its own process, whose start does not count; the contenders take turns. bundleseal hashes twice, and flushes the output to the disk (`fsync`) before the final name appears. The pipelines (`createReadStream`, one AES-256-GCM, one SHA-256 of the plain bytes, `createWriteStream`) write under the final name and do not flush, except the one that says so. *highWaterMark 1 MiB* sets this buffer on every stage. *Zeros into the page cache* writes a file of the same size without a flush and computes nothing. This figure varies most on a virtual machine, which returns free memory to its host after some seconds: writing a file then waits until the host gives it back. Each run therefore starts after four seconds of rest. On a machine with memory at hand the pipelines are faster; bundleseal, which bypasses the page cache, is not. The goals of 2.5 come from a run on 2026-11-25, in which this wait was long: the common pipeline took 3.6 and 4.1 s, and bundleseal 1.25 and 1.39 s. Where the wait is short, no program reaches them: of 0.4 of the time of the common pipeline, *two cores, no file* alone takes five sixths, and reading and writing 1 GiB has to fit into the rest. *Two cores, no file* is computed from `openssl speed` in two processes with chunks of 256 KiB: the time to encrypt once and hash twice. Memory is the peak of resident memory beyond an idle process that has loaded the same modules.',
  ],
  job: [
    'A folder into a sealed file and back, on Node',
    "Whole processes including their start, in turn, over real files of npm packages: `bundleseal bundle encrypt` of a folder and `bundle decrypt --extract`, against Info-ZIP's zip with age, 7z with gpg, and Capgo's command line. All flush the opened folder to the disk; bundleseal also hashes twice, signs, and flushes the sealed file. *Limit of Node* is a program that only unzips the same files, without a key, a check or a flush. *Where the time goes* is measured on the main thread with V8's profiler; [the chart](decisions/command-time.md) shows the stages, and its page explains each missed goal and the limit of this machine. *Zip and unzip in memory* compares `zipBundle` and `unzipBundle` with fflate.",
  ],
  cpu: [
    'CPU time of sealing and opening a folder, and the limit of zipping in memory',
    'The commands and the folders of the job above, again in turn. *CPU time* is the time that all processes and threads of a command take in user and kernel mode, measured by `time` of bash. `bench/job-unzip.cjs` is a program on Node that only unzips the same files, without a key, a check or a flush. *Zip in memory* runs in one process. *Threads that only deflate* have the pieces that `zipBundle` makes, each thread the same share of the bytes. They hand over no piece and make no zip, so the time of two of them is the limit of `zipBundle` with two threads. [Its page](decisions/command-time.md) explains the figures.',
  ],
  patches: [
    'Patches between two releases, against zstd and bsdiff',
    'Real releases of web apps from npm. The size of a patch is the length of its plain bytes with the header. It is shown as a share of the patch that `zstd -19 --long=27 --patch-from` makes of the same two images, and as a share of the smaller of that patch and the one by bsdiff. *createPatch* is compared with zstd in a process of its own. Peak memory is resident memory beyond an idle process, as a share of the bound that the docs state.',
  ],
  apply: [
    'Applying a patch, against unzipping the whole release',
    '`applyPatch` applies the patch between two releases of a large app, and `unzipBundle` unpacks the whole new release. Both work in memory and verify the result.',
  ],
  publish: [
    'Publishing a release with patches',
    '`publishRelease` publishes a large app with patches from the five previous releases into a store on the disk. It is compared with five runs of `zstd -19`.',
  ],
  rsa: ['RSA-4096 on Node', 'Making one seal, recovering one, and generating key pairs.'],
  memory: [
    'Peak memory on Node',
    'The peak of resident memory beyond input and output, for one call in a fresh process; the median of several runs.',
  ],
  'file-memory': [
    'Peak memory of files on Node',
    'The peak of resident memory for one call in a fresh process, beyond an idle process that has loaded the same modules; the median of several runs (one run at 4 GiB). *One thread* runs on one core, where the library starts no second thread. The buffers for chunks are the same for every size. A larger file takes more for three reasons: V8 compiles functions that run for long (about 6 MiB), it doubles its young generation once or twice (4 MiB and more), and the header, which has 32 bytes for each chunk, is copied while it is sealed (about 4 MiB at 4 GiB).',
  ],
  ranges: [
    'Parts of a bundle on a web server',
    '`httpSource` reads 1 KiB at random positions of a sealed bundle of 1 GiB with chunks of 256 KiB. The server runs in the same process, and the reader caches nothing between reads. *Bare fetch* only downloads the same number of chunks.',
  ],
  fleet: [
    'A fleet that updates itself',
    "Simulated devices follow real releases of web apps from npm, without source maps, one release a week. The first version is built in. Each release has patches from the five releases before it, is offered to 10 % of the devices for a day and then to all; the middle one is bad and is withdrawn after 12 hours. A device is launched and checks once a day. It is off for 5 % of the weeks, and on 2 % of its days a download breaks: the connection is cut and resumed, the network fails, or bytes are altered and the device takes another way. *File-level deltas* are the files whose SHA-256 no file of the device has, compressed with brotli, as in Capgo's manifests; broken downloads and the manifest are not counted. *Full bundles* is one bundle for each update. Every patch is applied once and gives the real files. Twenty devices of the first app also run as real updaters, and act the same at every launch.",
  ],
  update: [
    'Starting a release, and applying an update',
    '*Start* is the first `start` of a process or page with an installed and confirmed release of 1,000 files, without the time of one read of the state; the median, with the files in the page cache. *Memory* is the peak of resident memory while a patch is downloaded and installed in a folder, beyond an idle process and both images.',
  ],
  size: [
    'Size and start',
    'Sizes are minified and gzipped, each file by itself. The library loads the lazy files only when it chooses their backend.',
  ],
};

/**
 * Writes the page. The sections of parts that were not measured stay as they are.
 *
 * @param {{ machine: Record<string, any>, figures: Figure[], missing: string[] }} report
 * @param {string} [before] - The page of earlier runs.
 */
export function toMarkdown({ machine, figures, missing }, before = '') {
  for (const { part, what } of figures) {
    if (!Object.hasOwn(PARTS, part)) throw new Error(`no section for the part ${part}: ${what}`);
  }
  const kept = sectionsOf(before);
  const sections = Object.entries(PARTS).flatMap(([part, [title, explanation]]) => {
    const own = figures.filter((figure) => figure.part === part);
    if (own.length === 0) return kept.get(String(title)) ?? [];
    return `## ${title}\n\n${explanation}\n\n${tableOf(own)}\n\n${measuredOn(machine)}\n`;
  });
  return [
    '# Benchmarks',
    '',
    'See how fast bundleseal is and how much memory it takes, beside code by hand that does the same work. `npm run bench -- --write`',
    'writes this page, or the sections of the parts that it names; no figure is typed by hand. The contenders of a comparison take turns',
    'in one process (file to file: a process for each run). Before the measurement, each proves that it opens what the other sealed, or',
    'that both give the same bytes. A ratio above 1 says how many times as fast bundleseal is: the median over the rounds, each',
    'compared within itself. Times and memory vary with the machine. On a shared machine, read the ratios, and take a difference',
    'of a tenth for noise.',
    '',
    ...sections,
    ...missing.map((why) => `Not measured: ${why}\n`),
  ].join('\n');
}

/** Returns the sections of a page by their titles. @param {string} page @returns {Map<string, string>} */
function sectionsOf(page) {
  const [, ...texts] = page.split(/^## /m);
  const sections = texts.map((text) => text.replace(/^Not measured: .*\n/gm, '').trimEnd());
  return new Map(sections.map((text) => [String(text.split('\n')[0]), `## ${text}\n`]));
}

/** @param {Record<string, any>} machine */
function measuredOn(machine) {
  const { date, cpu, cores, memoryGiB, platform, node, openssl } = machine;
  const [before, after] = [machine['loadAverage'], machine['loadAverageAtEnd']];
  return `Measured on ${date}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node}, OpenSSL ${openssl}. Load average ${before.join(', ')} at the start of the run, ${after.join(', ')} at the end.`;
}

/** @param {Figure[]} figures */
function tableOf(figures) {
  const compared = figures.some(({ details }) => details !== undefined && 'peer' in details);
  return [
    compared
      ? '| what | ours | the other | ratio | wanted |\n| --- | --- | --- | --- | --- |'
      : '| what | figure | wanted |\n| --- | --- | --- |',
    ...figures.map(compared ? comparison : single),
  ].join('\n');
}

/** @param {Figure} figure */
function comparison(figure) {
  const { value, unit } = figure;
  const what = figure.what.trim();
  const details = /** @type {any} */ (figure.details);
  if (details?.peer === undefined) {
    return `| ${what} | ${number(value)} ${unit} | | | ${wanted(figure)} |`;
  }
  const time = (/** @type {{ median: number }} */ { median }) => `${number(median)} ms`;
  const cells = [what, time(details.ours), time(details.peer), value.toFixed(2), wanted(figure)];
  return `| ${cells.join(' | ')} |`;
}

/** @param {Figure} figure */
function single(figure) {
  return `| ${figure.what.trim()} | ${number(figure.value)} ${figure.unit} | ${wanted(figure)} |`;
}

/** @param {Figure} figure */
function wanted({ target, met }) {
  if (target === undefined) return '';
  return `${target.op === '>=' ? '≥' : '≤'} ${number(target.value)}${met ? '' : ' **missed**'}`;
}

/** @param {number} value */
function number(value) {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
