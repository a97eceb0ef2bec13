// Responses of a store that fail as they do in the field.

function changed(response: Response, change: (bytes: Uint8Array) => Uint8Array): Response {
  const { body, status, headers } = response;
  if (body === null || !response.ok) return response;
  const pieces = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (piece, controller) => controller.enqueue(change(piece)),
    }),
  );
  return new Response(pieces, { status, headers });
}

export const altered = (response: Response): Response =>
  changed(response, (piece) => {
    const copy = piece.slice();
    copy[copy.length >> 1] = (copy[copy.length >> 1] as number) ^ 1;
    return copy;
  });

/** The connection stays open after the first half, and nothing more comes. */
export function slow(response: Response): Response {
  if (response.body === null || !response.ok) return response;
  const { status, headers } = response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value } = await reader.read();
      if (value === undefined) return new Promise(() => {});
      controller.enqueue(value.subarray(0, value.length >> 1));
      return new Promise(() => {});
    },
  });
  return new Response(body, { status, headers });
}

/** Says that the body is another part of the object than it is, and breaks off half-way. */
export function lying(response: Response): Response {
  if (!response.ok) return response;
  const { body, status, headers } = cut(response);
  const range = headers.get('content-range') ?? 'bytes 0-9/10';
  const said = range.replace(/\d+/, (start) => `${Number(start) + 1}`);
  const lies = { 'content-length': '1', 'content-range': said };
  return new Response(body, { status, headers: lies });
}

/** A connection that breaks half-way, each time. */
export const cut = (response: Response): Response =>
  changed(response, (piece) => piece.slice(0, Math.max(1, piece.length >> 1)));

export const tooLong = (response: Response, request: Request): Response =>
  changed(response, (piece) => {
    const longer = new Uint8Array(piece.length + 1000);
    longer.set(piece);
    return request.headers.has('range') ? piece : longer;
  });
