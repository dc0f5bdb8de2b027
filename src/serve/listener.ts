/** The interface of a listener at an address, and its options. */

/** Answers a request; it never throws. */
export type Handler = (request: Request) => Promise<Response>;

/** Where to listen, and for whom. */
export interface ListenOptions {
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Others listen at the same port. */
  readonly isShared: boolean;
  /** The most connections at a time. */
  readonly connections: number;
  /** How long a connection may say nothing, or half of a request's head, in milliseconds. */
  readonly silence: number;
  readonly handler: Handler;
}

/** It listens. */
export interface Listener {
  readonly hostname: string;
  readonly port: number;
  /** From now on every answer is its connection's last one. @returns Once all that had been sent before has been read. */
  drain(): Promise<void>;
  /** Takes no more connections, answers the requests that it has, and closes every connection; none of them on unread bytes. */
  close(): Promise<void>;
}
