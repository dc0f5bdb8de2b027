/** Answers that stay the same: sent with an `ETag`, and compressed once. */
import { contentId } from "../random.ts";

/** Media types that are compressed. */
const PACKABLE = /^(text\/|application\/(json|wasm)$)/;
/** Bytes below which packing saves nothing. */
const SMALL = 1024;

/** Compressions, the best first: the names of `CompressionStream` and of HTTP. */
const PACKINGS = [["brotli", "br"], ["gzip", "gzip"]] as const;
type Encoding = typeof PACKINGS[number][1];

/** Contents under a path. */
export class StaticFile {
  readonly #contents: Uint8Array<ArrayBuffer>;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #packed = new Map<Encoding, Uint8Array<ArrayBuffer> | "none">();
  readonly #tag: string;
  #isPacking = false;

  /** @param headers `content-type` and `cache-control` among them. */
  constructor(contents: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>) {
    this.#contents = contents;
    this.#headers = headers;
    this.#tag = [0, 1].map((seed) => contentId(contents, seed).toString(16).padStart(8, "0")).join("");
  }

  /** Answers a request: with the contents, compressed where its sender accepts that, or with 304 where it has them already. */
  async answer(request: Request): Promise<Response> {
    const isPackable = PACKABLE.test(this.#headers["content-type"] ?? "") && this.#contents.length > SMALL;
    const [encoding, body] = isPackable ? await this.#pack(request) : [undefined, this.#contents];
    const etag = `"${this.#tag}${encoding === undefined ? "" : `-${encoding}`}"`;
    const headers = { ...this.#headers, etag, ...(isPackable && { vary: "accept-encoding" }) };
    if (isNamed(etag, request.headers.get("if-none-match"))) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(body, {
      headers: {
        ...headers,
        "content-length": String(body.length),
        ...(encoding !== undefined && { "content-encoding": encoding }),
      },
    });
  }

  /** The contents in the best encoding that a sender accepts; uncompressed while another request compresses them. */
  async #pack(request: Request): Promise<[Encoding | undefined, Uint8Array<ArrayBuffer>]> {
    const accepted = request.headers.get("accept-encoding") ?? "";
    for (const [format, encoding] of PACKINGS) {
      if (!accepts(accepted, encoding)) continue;
      if (!this.#packed.has(encoding) && !this.#isPacking) {
        this.#isPacking = true;
        try {
          const bytes = await pack(this.#contents, format);
          this.#packed.set(encoding, bytes && bytes.length < 0.9 * this.#contents.length ? bytes : "none");
        } finally {
          this.#isPacking = false;
        }
      }
      const packed = this.#packed.get(encoding);
      if (packed !== undefined && packed !== "none") return [encoding, packed];
    }
    return [undefined, this.#contents];
  }
}

/** @returns `undefined` where this runtime does not support the format. */
async function pack(
  contents: Uint8Array<ArrayBuffer>,
  format: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let stream: CompressionStream;
  try {
    stream = Reflect.construct(CompressionStream, [format]);
  } catch {
    return undefined;
  }
  return new Uint8Array(await new Response(new Blob([contents]).stream().pipeThrough(stream)).arrayBuffer());
}

/** Whether `accept-encoding` has an encoding, and not with a quality of 0 (RFC 9110, 12.5.3). */
function accepts(header: string, encoding: Encoding): boolean {
  return header.split(",").some((part) => {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

/** Whether `if-none-match` names a tag (RFC 9110, 13.1.2). */
function isNamed(etag: string, header: string | null): boolean {
  const tags = header?.split(",").map((text) => text.trim().replace(/^W\//, "")) ?? [];
  return tags.includes("*") || tags.includes(etag);
}
