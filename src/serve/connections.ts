/**
 * Counts connections and their phases, and chooses one to close: for a new one where there are too many, or because it has
 * been idle for too long.
 *
 * It knows no sockets and no clock, so that all of it can be tested.
 */

/**
 * What a connection is doing.
 *
 * - `waiting`: no whole head of a request has come since it was made, or since its last answer.
 * - `sending`: a body is still to come.
 * - `asking`: all has come, and the answer is being worked on.
 * - `taking`: the answer is on its way.
 */
export type Phase = "waiting" | "sending" | "asking" | "taking";

/** Bounds of {@linkcode Connections}. */
export interface ConnectionLimits {
  /** The most connections at a time. */
  readonly most: number;
  /** How long one may wait, in milliseconds. */
  readonly silence: number;
}

/** An answer may take so long at least to be taken, in milliseconds … */
const TAKING = 30_000;
/** … and so much longer for every byte: 10 KB a second. */
const TAKING_BYTE = 0.1;

/** Counts connections, of any kind. */
export class Connections<Connection> {
  readonly #limits: ConnectionLimits;
  /** When each is to be given up, phase by phase, in the order in which they came into it. */
  readonly #deadlines: Readonly<Record<Phase, Map<Connection, number>>> = {
    waiting: new Map(),
    sending: new Map(),
    asking: new Map(),
    taking: new Map(),
  };
  readonly #phases = new Map<Connection, Phase>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** How many there are. */
  get count(): number {
    return this.#phases.size;
  }

  /** Those without a pending answer. */
  get waiting(): readonly Connection[] {
    return [...this.#deadlines.waiting.keys()];
  }

  /** All of them. */
  get all(): readonly Connection[] {
    return [...this.#phases.keys()];
  }

  /**
   * Takes a new connection.
   *
   * @param now Milliseconds of any clock.
   * @returns The one to close, where there is one too many: the one that has waited for longest, else the one whose body has
   * been coming for longest, else the newcomer.
   */
  add(connection: Connection, now: number): Connection | undefined {
    const { waiting, sending } = this.#deadlines;
    const [oldest] = waiting.size > 0 ? waiting.keys() : sending.keys();
    this.#enter(connection, "waiting", now + this.#limits.silence);
    if (this.count <= this.#limits.most) return undefined;
    const closed = oldest ?? connection;
    this.remove(closed);
    return closed;
  }

  /** It is gone. */
  remove(connection: Connection): void {
    const phase = this.#phases.get(connection);
    if (phase === undefined) return;
    this.#deadlines[phase].delete(connection);
    this.#phases.delete(connection);
  }

  /**
   * It is doing something else now; does nothing where it is gone.
   *
   * @param bytes The length of the answer that is `taking` its way.
   */
  enter(connection: Connection, phase: Phase, now: number, bytes = 0): void {
    if (!this.#phases.has(connection)) return;
    this.remove(connection);
    switch (phase) {
      case "waiting":
        return this.#enter(connection, phase, now + this.#limits.silence);
      case "sending": // who reads the body bounds its time
      case "asking":
        return this.#enter(connection, phase, Infinity);
      case "taking":
        return this.#enter(connection, phase, now + TAKING + TAKING_BYTE * bytes);
      default:
        return phase satisfies never;
    }
  }

  /** Those that have waited, or taken an answer, for too long: they are counted no longer. */
  takeOverdue(now: number): Connection[] {
    const overdue = [...this.#phases.keys()].filter((connection) => {
      const phase = this.#phases.get(connection)!;
      return this.#deadlines[phase].get(connection)! <= now;
    });
    for (const connection of overdue) this.remove(connection);
    return overdue;
  }

  #enter(connection: Connection, phase: Phase, deadline: number): void {
    this.#phases.set(connection, phase);
    this.#deadlines[phase].set(connection, deadline);
  }
}
