import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A line of the input; `undefined` where it was too long to keep. */
export type Line = string | undefined;

type Chunks = AsyncIterable<Uint8Array>;

const maxLineBytes = 1_048_576; // an event of CloudWatch Logs is no larger
const newline = 0x0a;

/**
 * The lines of a stream of bytes, in memory of one line. A line ends with \n and with nothing else: JSON
 * may hold U+2028, at which node:readline would cut it.
 */
export async function* readLines(chunks: Chunks): AsyncGenerator<Line> {
  let kept: Uint8Array[] = [];
  let bytes = 0;
  const take = (): Line => {
    const line = bytes > maxLineBytes ? undefined : Buffer.concat(kept).toString();
    kept = [];
    bytes = 0;
    return line;
  };
  const keep = (part: Uint8Array): void => {
    bytes += part.length;
    if (bytes <= maxLineBytes) kept.push(part);
    else kept = [];
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (bytes > 0) yield take();
}

/** The bytes themselves, or what they unpack to where they begin as gzip does. */
export async function* unpack(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const all = resume(head, iterator);
  if (head[0] === 0x1f && head[1] === 0x8b) yield* gunzip(all);
  else yield* all;
}

async function* resume(
  head: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
}

// What goes wrong on the way comes out where the bytes are read.
function gunzip(chunks: Chunks): Chunks {
  return pipeline(Readable.from(chunks), createGunzip(), () => {});
}
