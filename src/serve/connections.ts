/**
 * Counts connections and their phases, and chooses one to close: for a new one where there are too many, or because it has
 * been idle for too long. It uses no sockets and no clock, so that all of it can be tested.
 */

/**
 * What a connection is doing.
 *
 * - `waiting`: no whole head of a request has come since it was made, or since its last answer.
 * - `sending`: a body is still to come.
 * - `answering`: all has come, and the answer is being computed.
 * - `receiving`: the answer is being sent.
 */
export type Phase = "waiting" | "sending" | "answering" | "receiving";

/** Bounds of {@linkcode Connections}. */
export interface ConnectionLimits {
  /** The most connections at a time. */
  readonly most: number;
  /** How long one may wait, in milliseconds. */
  readonly silence: number;
}

/** An answer may be received for so long at least, in milliseconds … */
const RECEIVING = 30_000;
/** … and so much longer for every byte: 10 KB a second. */
const RECEIVING_BYTE = 0.1;

/** A connection's phase, and when it is to be closed. */
interface State {
  readonly phase: Phase;
  readonly deadline: number;
}

/** Counts connections, of any kind. */
export class Connections<Connection> {
  readonly #limits: ConnectionLimits;
  /** In the order in which they entered their phases. */
  readonly #states = new Map<Connection, State>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** How many there are. */
  get count(): number {
    return this.#states.size;
  }

  /** Those without a pending answer. */
  get waiting(): readonly Connection[] {
    return this.#where(({ phase }) => phase === "waiting");
  }

  /** All of them. */
  get all(): readonly Connection[] {
    return [...this.#states.keys()];
  }

  /**
   * Adds a new connection.
   *
   * @param now Milliseconds of any clock.
   * @returns The one to close, where there is one too many: the one that has waited for longest, else the one whose body has
   * been coming for longest, else the new one.
   */
  add(connection: Connection, now: number): Connection | undefined {
    const isFull = this.count >= this.#limits.most;
    const closed = isFull ? this.#oldest("waiting") ?? this.#oldest("sending") ?? connection : undefined;
    this.#states.set(connection, { phase: "waiting", deadline: now + this.#limits.silence });
    if (closed !== undefined) this.remove(closed);
    return closed;
  }

  /** Removes a connection that is closed. */
  remove(connection: Connection): void {
    this.#states.delete(connection);
  }

  /**
   * Puts a connection into a phase; does nothing where it has been removed.
   *
   * @param bytes The length of the answer that is being received.
   */
  enter(connection: Connection, phase: Phase, now: number, bytes = 0): void {
    // Removed first: a map keeps the place of a key that is only set anew.
    if (!this.#states.delete(connection)) return;
    this.#states.set(connection, { phase, deadline: this.#deadlineOf(phase, now, bytes) });
  }

  /** Removes those that have waited, or received an answer, for too long. @returns Them. */
  takeOverdue(now: number): Connection[] {
    const overdue = this.#where(({ deadline }) => deadline <= now);
    for (const connection of overdue) this.remove(connection);
    return overdue;
  }

  #deadlineOf(phase: Phase, now: number, bytes: number): number {
    switch (phase) {
      case "waiting":
        return now + this.#limits.silence;
      case "sending": // the reader of the body bounds its time
      case "answering":
        return Infinity;
      case "receiving":
        return now + RECEIVING + RECEIVING_BYTE * bytes;
      default:
        return phase satisfies never;
    }
  }

  #oldest(phase: Phase): Connection | undefined {
    for (const [connection, state] of this.#states) if (state.phase === phase) return connection;
    return undefined;
  }

  #where(matches: (state: State) => boolean): Connection[] {
    return [...this.#states].filter(([, state]) => matches(state)).map(([connection]) => connection);
  }
}
