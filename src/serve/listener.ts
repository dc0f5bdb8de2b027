/** The interface of a listener at an address, and its options. */

/** Answers a request; it never throws. */
export type Handler = (request: Request) => Promise<Response>;

/** Where to listen, and for whom. */
export interface ListenOptions {
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  /** Others listen at the same port. */
  readonly isShared: boolean;
  /** The most connections at a time. */
  readonly connections: number;
  /** How long a connection may send nothing, or a part of a request's head, in milliseconds. */
  readonly silence: number;
  readonly handler: Handler;
}

/** A listening server. */
export interface Listener {
  readonly hostname: string;
  readonly port: number;
  /** From now on every answer is its connection's last one. @returns Once all that had been sent before has been read. */
  drain(): Promise<void>;
  /** Accepts no more connections, answers the requests that have come, and closes every connection once all its bytes are read. */
  close(): Promise<void>;
}
