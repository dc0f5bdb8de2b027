/** The HTTP routes, the same under Deno, in workerd and in a service worker. */
import { Hono } from "hono";
import { getPath } from "hono/utils/url";
import { type Answer, SampleForm } from "../classify/classifier.ts";
import { isForPage, pictureSide, pictureSizeOf } from "../classify/picture_side.ts";
import { InputError } from "../errors.ts";
import { classNamesOf } from "../network/output_names.ts";
import { encodeModel, type Model } from "../network/model_file.ts";
import { MODEL_FILE } from "./page_files.ts";
import { type Access, addAccess } from "./access.ts";
import { type Answering, SenderGone } from "./answering.ts";
import { Bodies } from "./bodies.ts";
import { classify, type Seed } from "./classify_route.ts";
import { formPage } from "./page.ts";
import { Refusal } from "./refusal.ts";
import { jsonResponse } from "./replies.ts";
import { addSite, type Site } from "./site.ts";
import { StaticFile } from "./static_file.ts";

/** Functions of a program that are called for each request. */
export interface Hooks {
  /**
   * Called for each request from an allowed origin, before anything else: a response that it returns is the answer. So a
   * program can require a key, or serve routes of its own. It leaves the body unread, or reads `request.clone()`.
   */
  readonly onRequest?: (request: Request) => Response | undefined | Promise<Response | undefined>;
  /** Called with the answers of `/classify`, before they are sent. */
  readonly onAnswer?: (answers: readonly Answer[], request: Request) => void | Promise<void>;
  /** Called with every request that has been answered. */
  readonly log?: (entry: LogEntry) => void;
  /** Called with an error inside the server or a hook; the sender gets 500 and no more. @default {console.error} */
  readonly report?: (error: unknown) => void;
}

/** Which resources there are, and at which paths. */
export interface RouteOptions {
  /**
   * The page at `/`: HTML without scripts; the files of the page that `deno task page` builds, for a network that takes square
   * pictures or sequences; or none. @default {a form, or how to send JSON}
   */
  readonly page?: string | Site | false;
  /** Whether `/model` and `/model.safetensors` describe the network and give its weights. @default {true} */
  readonly publishesModel?: boolean;
  /** Prefix of each path, such as `/digits`. @default {nothing} */
  readonly basePath?: string;
}

/** How to make the routes. */
export interface AppOptions extends Access, Hooks, RouteOptions {
  /** The network that answers. */
  readonly model: Model;
  /** Which build of the kernels runs, for `/model`. */
  readonly kernels: string;
  /** Computes the answers. */
  readonly answering: Answering;
  /** Seed of the noise where a request names none. */
  readonly seed: Seed;
  /** The most bytes of a body. @default {1,048,576} */
  readonly mostBytes?: number;
  /** The most bytes of all bodies that are held at a time. @default {64 times `mostBytes`} */
  readonly totalBytes?: number;
  /** How long a body may take to arrive, in milliseconds. @default {10,000} */
  readonly bodyTime?: number;
  /** Whether new requests are answered with 503. */
  readonly isStopping?: () => boolean;
}

/** One answered request. */
export interface LogEntry {
  /** `GET` and so on. */
  readonly method: string;
  /** Without the query, and without the base path. */
  readonly path: string;
  /** Of the answer. */
  readonly status: number;
  /** From the request's head to its answer. */
  readonly milliseconds: number;
  /** Samples that were classified. */
  readonly samples: number;
}

/** The bodies that are held at a time, as a multiple of the longest. */
const BODIES = 64;

const FILE_HEADERS = { "x-content-type-options": "nosniff", "cache-control": "no-cache" } as const;
const PAGE_HEADERS = {
  ...FILE_HEADERS,
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
} as const;
const MODEL_HEADERS = { ...FILE_HEADERS, "content-type": "application/octet-stream" } as const;

/** Makes the routes; `app.fetch(request)` answers a request. @throws {RangeError} when the base path is none. */
export function createApp(options: AppOptions): Hono {
  const { model, answering, seed, mostBytes = 1_048_576, bodyTime = 10_000, publishesModel = true } = options;
  const { isStopping = () => false, onAnswer, report = console.error } = options;
  const totalBytes = options.totalBytes ?? BODIES * mostBytes;
  const form = new SampleForm(model), side = pictureSide(model.spec), picture = pictureSizeOf(model.spec);
  const bodies = new Bodies({ bytes: mostBytes, total: totalBytes, milliseconds: bodyTime });
  const app = new Hono({ getPath: pathBelow(options.basePath ?? "") });
  addMiddleware(app, options, isStopping);
  addPage(app, options, form);

  app.get(
    "/health",
    () => isStopping() ? jsonResponse({ status: "stopping" }, 503) : jsonResponse({ status: "ok" }),
  );

  if (publishesModel) {
    app.get("/model", () =>
      jsonResponse({
        network: model.spec,
        classes: classNamesOf(model),
        metadata: model.metadata,
        sampleSize: form.size,
        pictureSide: side ?? null,
        picture: picture ?? null,
        bytes: form.bytes,
        kernels: options.kernels,
        seed,
        limits: { bytes: mostBytes, milliseconds: bodyTime },
      }));
    let file: StaticFile | undefined;
    app.get(`/${MODEL_FILE}`, ({ req: { raw } }) => {
      file ??= new StaticFile(encodeModel(model), MODEL_HEADERS);
      return file.answer(raw);
    });
  }

  app.post("/classify", async (context) => {
    const request = context.req.raw;
    const { answers, many } = await classify(context, { form, picture, answering, bodies, seed });
    samplesOf.set(request, answers.length);
    await onAnswer?.(answers, request);
    return jsonResponse(many ? answers : answers[0]);
  });

  const methods = {
    ...(options.page !== false && { "/": "GET, HEAD" }),
    "/health": "GET, HEAD",
    ...(publishesModel && { "/model": "GET, HEAD", [`/${MODEL_FILE}`]: "GET, HEAD" }),
    "/classify": "POST",
  };
  for (const [path, allow] of Object.entries(methods)) {
    app.all(path, ({ req: { method } }) => {
      throw new Refusal(405, `${path} does not take ${method}: expected ${allow}`, { allow });
    });
  }
  app.notFound(({ req: { raw } }) =>
    refuse(raw, new Refusal(404, `no such path: expected ${Object.keys(methods).join(", ")}`))
  );
  app.onError((error, { req: { raw } }) => {
    if (error instanceof SenderGone || raw.signal.aborted) return new Response(null, { status: 499 });
    if (error instanceof Refusal) return refuse(raw, error);
    if (error instanceof InputError) return refuse(raw, new Refusal(400, error.message));
    report(error);
    return refuse(raw, new Refusal(500, "something went wrong here: try again"));
  });
  return app;
}

/** Adds the handling of every request, whatever its path. */
function addMiddleware(app: Hono, options: AppOptions, isStopping: () => boolean): void {
  const { log, onRequest } = options;
  if (log) {
    app.use(async (context, next) => {
      const started = performance.now();
      await next();
      const { req: { method, path }, res: { status } } = context;
      const samples = samplesOf.get(context.req.raw) ?? 0;
      log({ method, path, status, milliseconds: performance.now() - started, samples });
    });
  }
  // Hono handles thrown Errors alone, and a hook may throw anything.
  app.use(async (_, next) => {
    try {
      await next();
    } catch (error) {
      throw error instanceof Error ? error : new Error(`thrown: ${String(error)}`, { cause: error });
    }
  });
  addAccess(app, options);
  const { basePath = "" } = options;
  if (basePath !== "") {
    app.use(async (context, next) =>
      getPath(context.req.raw) === basePath ? context.redirect(`${basePath}/`, 308) : await next()
    );
  }
  app.use(async ({ req: { path } }, next) => {
    if (path !== "/health" && isStopping()) {
      const headers = { "retry-after": "1", connection: "close" };
      throw new Refusal(503, "this server is stopping: send it again", headers);
    }
    await next();
  });
  if (onRequest) app.use(async ({ req: { raw } }, next) => await onRequest(raw) ?? await next());
}

/** Adds the page at `/`. */
function addPage(app: Hono, options: AppOptions, form: SampleForm): void {
  const { page, publishesModel = true, model: { spec } } = options, side = pictureSide(spec);
  if (page === false) return;
  if (page !== undefined && typeof page !== "string" && isForPage(spec)) {
    return addSite(app, page, { hasModel: publishesModel });
  }
  app.get("/", async ({ req: { raw } }) => {
    const html = typeof page === "string" ? page : await formPage(form, side, raw.url, publishesModel);
    return await new StaticFile(new TextEncoder().encode(html), PAGE_HEADERS).answer(raw);
  });
}

/** The path of a request below a base path. A page's links are relative: its own path ends with a slash. */
function pathBelow(basePath: string): (request: Request) => string {
  if (basePath === "") return getPath;
  if (!/^(\/[\w.~-]+)+$/.test(basePath)) {
    throw new RangeError(`basePath ${JSON.stringify(basePath)}: expected a path such as "/digits"`);
  }
  return (request) => {
    const path = getPath(request);
    return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : `//${path}`; // which no route has
  };
}

/** The number of samples of each request that has been answered. */
const samplesOf = new WeakMap<Request, number>();

async function refuse(request: Request, { status, message, headers }: Refusal): Promise<Response> {
  // An unread body would close the connection, and lose the sender's next request.
  if (!request.bodyUsed) await request.body?.cancel().catch(() => {});
  return jsonResponse({ error: message }, status, headers);
}
