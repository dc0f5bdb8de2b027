/**
 * Checks where a request comes from: the host name that it is sent to, and the site of the page that sends it.
 *
 * Any open page of another site can send requests to this machine. Two checks stop it. By DNS rebinding a page makes a name of its
 * own resolve to this machine, and the browser takes this server for the page's own: so the host name is checked. Under this
 * server's name the browser hides answers from the page, but lets it post forms, each of which costs time: so the origin is checked.
 */
import type { Hono, MiddlewareHandler } from "hono";
import { cors as corsHeaders } from "hono/cors";
import { OptionError } from "../errors.ts";
import { Refusal, shown } from "./refusal.ts";

/** The host names and origins that are allowed. */
export interface Access {
  /** Allowed names in `Host`, without a port. @default {any} */
  readonly hosts?: readonly string[];
  /** Other sites whose pages may send requests, such as `https://example.com`; `*`: all. @default {none} */
  readonly cors?: readonly string[];
}

/** Names of this machine on itself. */
export const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"] as const;

/** How long a browser may remember that a page is allowed, in seconds. */
const PREFLIGHT = 600;

/** Answers what {@linkcode Access} does not allow with 403. @throws {OptionError} when an option is no list. */
export function addAccess(app: Hono, { hosts, cors = [] }: Access): void {
  checkNames("hosts", hosts ?? [], '["example.com"]');
  checkNames("cors", cors, '["https://example.com"]');
  if (hosts) app.use(checkHost(new Set(hosts.map((host) => host.toLowerCase()))));
  if (cors.length > 0) {
    app.use(corsHeaders({
      origin: cors.includes("*") ? "*" : [...cors],
      allowMethods: ["GET", "HEAD", "POST"],
      allowHeaders: ["content-type"],
      exposeHeaders: ["retry-after"],
      maxAge: PREFLIGHT,
    }));
  }
  app.use(checkOrigin(cors));
}

/** A string in place of the list would allow each of its substrings. @throws {OptionError} when it is no list of strings. */
function checkNames(option: string, names: unknown, example: string): void {
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return;
  const found = typeof names === "string" ? JSON.stringify(names) : typeof names;
  throw new OptionError(`${option}: ${found}, expected a list of strings, such as ${example}`);
}

function checkHost(hosts: ReadonlySet<string>): MiddlewareHandler {
  return async ({ req }, next) => {
    const host = req.header("host") ?? new URL(req.url).host;
    const name = host.toLowerCase().replace(/:\d*$/, "");
    if (!hosts.has(name)) throw new Refusal(403, `host ${shown(host)}: expected ${[...hosts].join(", ")}`);
    await next();
  };
}

function checkOrigin(allowed: readonly string[]): MiddlewareHandler {
  return async ({ req }, next) => {
    const isReading = req.method === "GET" || req.method === "HEAD";
    const origin = req.header("origin"), isAllowed = allowed.includes("*") || allowed.includes(origin ?? "");
    if (
      !isReading && !isAllowed && isFromElsewhere(req.header("sec-fetch-site"), origin, req.header("host"))
    ) {
      const page = shown(origin ?? "another site");
      throw new Refusal(
        403,
        `a page of ${page} sends this: expected a page of this server, or of an allowed origin`,
      );
    }
    await next();
  };
}

/** Whether a page of another site sends a request: a browser says so, or the page's origin at least; programs send neither. */
function isFromElsewhere(
  site: string | undefined,
  origin: string | undefined,
  host: string | undefined,
): boolean {
  if (site !== undefined) return site === "cross-site";
  return origin !== undefined && host !== undefined && origin.replace(/^https?:\/\//, "") !== host;
}
