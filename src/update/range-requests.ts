// Conditional requests and ranges: RFC 9110 §13 and §14.

/** Whether `If-None-Match` names this tag. Compares weakly, as RFC 9110 §13.1.2 requires. */
export function isNotModified(request: Request, etag: string): boolean {
  const known = request.headers.get('if-none-match');
  if (known === null) return false;
  if (known.trim() === '*') return true;
  return known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

/** Makes the response with all bytes, or with the range that the request asks for. */
export function bodyOf(
  request: Request,
  bytes: Uint8Array,
  etag: string,
  headers: Readonly<Record<string, string>>,
): Response {
  const range = rangeOf(request, bytes.length, etag);
  if (range === 'unsatisfiable') {
    return new Response(null, {
      status: 416,
      headers: { ...headers, 'content-range': `bytes */${bytes.length}` },
    });
  }
  const [start, end] = range ?? [0, bytes.length];
  const part = bytes.subarray(start, end);
  const partial = { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` };
  return new Response(request.method === 'HEAD' ? null : (part as BodyInit), {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headers,
      'content-length': String(part.length),
      ...(range !== undefined && partial),
    },
  });
}

/**
 * Returns the range that the request asks for. Returns `undefined`, for the whole file, if the request asks for several ranges or
 * for another unit than bytes: RFC 9110 §14.2 allows this.
 */
function rangeOf(
  request: Request,
  size: number,
  etag: string,
): readonly [start: number, end: number] | 'unsatisfiable' | undefined {
  const wanted = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('range') ?? '');
  const condition = request.headers.get('if-range');
  if (request.method !== 'GET' || wanted === null) return undefined;
  if (condition !== null && condition !== etag) return undefined;
  const [, first = '', last = ''] = wanted;
  if (first === '') {
    if (last === '') return undefined;
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : [size - length, size];
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : [start, end];
}
