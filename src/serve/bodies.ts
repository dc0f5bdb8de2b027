/** Bodies of requests, read whole or not at all: bounded in bytes, in time, and all together. */
import { OptionError } from "../errors.ts";
import { overloaded, Refusal } from "./refusal.ts";
import { count } from "../text/figures.ts";

/** The longest delay of a timer. */
const LONGEST = 2 ** 31 - 1;

/** Limits of bodies. */
export interface BodyLimits {
  /** Bytes of one body. */
  readonly bytes: number;
  /** Bytes of all bodies that are held at a time. */
  readonly total: number;
  /** How long a body may take to arrive. */
  readonly milliseconds: number;
}

/** Reads bodies within {@linkcode BodyLimits}. */
export class Bodies {
  readonly #limits: BodyLimits;
  #held = 0;

  /** @throws {OptionError} when a limit is out of its range. */
  constructor(limits: BodyLimits) {
    const { bytes, milliseconds } = limits;
    if (!(typeof bytes === "number" && bytes >= 1)) {
      throw new OptionError(`mostBytes: ${bytes}, expected a number of bytes, 1 or more`);
    }
    if (!(typeof milliseconds === "number" && milliseconds >= 1 && milliseconds <= LONGEST)) {
      throw new OptionError(
        `bodyTime: ${milliseconds}, expected a number of milliseconds from 1 to ${LONGEST}`,
      );
    }
    this.#limits = limits;
  }

  /**
   * Reads a request's body, and holds it while `use` works on it.
   *
   * @throws {Refusal} 413 when it is too long, 408 when it is too slow, 400 when it is cut short, 429 when too many are held.
   */
  async with<Result>(
    request: Request,
    use: (bytes: Uint8Array<ArrayBuffer>) => Promise<Result>,
  ): Promise<Result> {
    const { bytes, total } = this.#limits;
    if (Number(request.headers.get("content-length") ?? 0) > bytes) throw this.#tooLong();
    let held = 0;
    try {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      await this.#read(request, (part) => {
        this.#held += part.length;
        held += part.length;
        if (held > bytes) throw this.#tooLong();
        if (this.#held > total) throw overloaded(1);
        parts.push(part);
      });
      const [first] = parts, isWhole = first && parts.length === 1;
      return await use(isWhole ? first : new Uint8Array(await new Blob(parts).arrayBuffer()));
    } finally {
      this.#held -= held;
    }
  }

  /** Calls `take` with each part of a body as it comes. */
  async #read(request: Request, take: (part: Uint8Array<ArrayBuffer>) => void): Promise<void> {
    if (!request.body) return;
    const reader = request.body.getReader();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), this.#limits.milliseconds);
    });
    try {
      for (;;) {
        const next = await Promise.race([reader.read().catch(cut), late]);
        if (next === "late") throw this.#tooSlow();
        if (next.done) return;
        take(next.value);
      }
    } catch (error) {
      reader.cancel().catch(() => {}); // it may have been cut on the other side
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #tooLong(): Refusal {
    return new Refusal(
      413,
      `the body is longer than ${count(this.#limits.bytes)} bytes: send less at a time`,
    );
  }

  #tooSlow(): Refusal {
    const seconds = (this.#limits.milliseconds / 1000).toLocaleString("en-US");
    const headers = { connection: "close" };
    return new Refusal(408, `the body took longer than ${seconds} s: send it faster`, headers);
  }
}

function cut(): never {
  throw new Refusal(400, "the body is cut short: send the whole of it");
}
