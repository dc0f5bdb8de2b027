/**
 * The routes: what is asked where, and what is answered. The same under Deno, in workerd and in a service worker.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { type Answer, SampleForm } from "../classify/classifier.ts";
import { pictureSide } from "../classify/picture_side.ts";
import { type Ink, INKS } from "../data/picture.ts";
import { InputError } from "../errors.ts";
import { classNamesOf } from "../network/class_names.ts";
import { encodeModel, type Model } from "../network/model_file.ts";
import { contentId } from "../random.ts";
import type { Answering } from "./answering.ts";
import { MODEL_FILE } from "../page/site.ts";
import { Bodies } from "./bodies.ts";
import { formPage } from "./page.ts";
import { addSite, type Site } from "./site.ts";
import type { Questions } from "./asked.ts";
import { readQuestions, typeOf } from "./questions.ts";
import { Refusal } from "./refusal.ts";

/** A seed, or `random`: other draws at every request. */
export type Seed = number | "random";

/** How to make the routes. */
export interface AppOptions {
  /** The network that answers. */
  readonly model: Model;
  /** Which build of the kernels runs, for `/model`. */
  readonly kernels: string;
  /** Who computes the answers. */
  readonly answering: Answering;
  /** Seed of the noise where a request names none. */
  readonly seed: Seed;
  /** The most bytes of a body. @default {1,048,576} */
  readonly mostBytes?: number;
  /** The most bytes of all bodies that are held at a time. @default {64 times `mostBytes`} */
  readonly totalBytes?: number;
  /** How long a body may take to arrive, in milliseconds. @default {10,000} */
  readonly bodyTime?: number;
  /**
   * What stands at `/`: HTML without scripts, or the files of the page that `deno task page` builds, for a network that takes
   * square pictures. @default {a form, or how to ask by JSON}
   */
  readonly page?: string | Site;
  /** Says that no more requests are taken: they are answered with 503. */
  readonly isStopping?: () => boolean;
  /** Hears of every answer. */
  readonly log?: (entry: LogEntry) => void;
  /** Hears what went wrong inside, which no sender is told. @default {console.error} */
  readonly report?: (error: unknown) => void;
}

/** One answered request. */
export interface LogEntry {
  /** `GET` and so on. */
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  /** Samples that were classified. */
  readonly samples: number;
}

/** The bodies that are held at a time, as a multiple of the longest. */
const BODIES = 64;

const HEADERS = { "x-content-type-options": "nosniff", "cache-control": "no-store" } as const;
const PAGE_HEADERS = {
  ...HEADERS,
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
} as const;

/** Makes the routes; `app.fetch(request)` answers a request. */
export function createApp(options: AppOptions): Hono {
  const { model, answering, mostBytes = 1_048_576, bodyTime = 10_000, page, log } = options;
  const { report = console.error } = options;
  const totalBytes = options.totalBytes ?? BODIES * mostBytes;
  const form = new SampleForm(model), side = pictureSide(model.spec);
  const bodies = new Bodies({ bytes: mostBytes, total: totalBytes, milliseconds: bodyTime });
  const app = new Hono();

  if (log) {
    app.use(async (context, next) => {
      const started = performance.now();
      await next();
      const { req: { method, path }, res: { status } } = context;
      const samples = samplesOf.get(context.req.raw) ?? 0;
      log({ method, path, status, milliseconds: performance.now() - started, samples });
    });
  }

  if (options.isStopping) {
    const { isStopping } = options;
    app.use(async ({ req: { path } }, next) => {
      if (path !== "/health" && isStopping()) {
        throw new Refusal(503, "this server is stopping: ask again", {
          "retry-after": "1",
          connection: "close",
        });
      }
      await next();
    });
  }

  // The page that learns shows digits: a network that takes no pictures has nothing to show there.
  if (page !== undefined && typeof page !== "string" && side !== undefined) addSite(app, page);
  else {
    app.get("/", async (context) => {
      const own = typeof page === "string" ? page : await formPage(form, side !== undefined, context.req.url);
      return context.html(own, 200, PAGE_HEADERS);
    });
  }

  let file: Uint8Array<ArrayBuffer> | undefined;
  app.get(`/${MODEL_FILE}`, (context) => {
    file ??= encodeModel(model);
    return context.body(file, 200, { ...HEADERS, "content-type": "application/octet-stream" });
  });

  app.get("/health", (context) => {
    const isStopping = options.isStopping?.() ?? false;
    return context.json({ status: isStopping ? "stopping" : "ok" }, isStopping ? 503 : 200, HEADERS);
  });

  app.get("/model", (context) =>
    context.json(
      {
        network: model.spec,
        classes: classNamesOf(model),
        metadata: model.metadata,
        sampleSize: form.size,
        pictureSide: side ?? null,
        bytes: form.bytes,
        kernels: options.kernels,
        seed: options.seed,
        limits: { bytes: mostBytes, milliseconds: bodyTime },
      },
      200,
      HEADERS,
    ));

  app.post("/classify", async (context) => {
    const { seed, ink } = readQuery(context, options.seed);
    const request = context.req.raw;
    const type = typeOf(request.headers);
    answering.checkRoom();
    const { answers, many } = await bodies.with(request, async (body) => {
      // From here to the first answers nothing is waited for: so each request sees what the ones before it have cost.
      answering.checkRoom();
      const started = performance.now();
      const contentType = request.headers.get("content-type") ?? "";
      let questions: Questions;
      try {
        questions = readQuestions(body, type, { contentType, form, side, ink });
      } finally {
        answering.count(performance.now() - started); // what is refused costs time, too
      }
      const asked = { ...questions, ids: idsOf(questions, seed) };
      return { answers: await answering.answer(asked, request.signal), many: questions.many };
    });
    samplesOf.set(request, answers.length);
    return context.json<Answer | Answer[]>(many ? answers : answers[0]!, 200, HEADERS);
  });

  for (const [path, methods] of Object.entries(METHODS)) {
    app.all(path, ({ req: { method } }) => {
      throw new Refusal(405, `${path} does not take ${method}: expected ${methods}`, { allow: methods });
    });
  }

  app.notFound(({ req: { raw } }) =>
    refuse(raw, new Refusal(404, `no such path: expected ${Object.keys(METHODS).join(", ")}`))
  );
  app.onError((error, { req: { raw } }) => {
    if (raw.signal.aborted) return new Response(null, { status: 499 }); // nobody is there to read it
    if (error instanceof Refusal) return refuse(raw, error);
    if (error instanceof InputError) return refuse(raw, new Refusal(400, error.message));
    report(error);
    return refuse(raw, new Refusal(500, "something went wrong here: try again"));
  });
  return app;
}

const METHODS = {
  "/": "GET, HEAD",
  "/health": "GET, HEAD",
  "/model": "GET, HEAD",
  [`/${MODEL_FILE}`]: "GET, HEAD",
  "/classify": "POST",
} as const;

/** How many samples a request asked about, once it has been answered. */
const samplesOf = new WeakMap<Request, number>();

async function refuse(request: Request, { status, message, headers }: Refusal): Promise<Response> {
  // A body that nobody takes would have the connection closed, and the sender's next request lost.
  if (!request.bodyUsed) await request.body?.cancel().catch(() => {});
  return Response.json({ error: message }, { status, headers: { ...HEADERS, ...headers } });
}

/** Checks the parameters of the address: `seed` and `ink`. */
function readQuery(context: Context, fallback: Seed): { seed: Seed; ink: Ink } {
  const query = context.req.query();
  const unknown = Object.keys(query).find((key) => key !== "seed" && key !== "ink");
  if (unknown !== undefined) {
    throw new Refusal(400, `parameter ${JSON.stringify(unknown.slice(0, 60))}: expected seed or ink`);
  }
  const ink = INKS.find((ink) => ink === (query.ink ?? "auto"));
  if (!ink) {
    throw new Refusal(400, `ink ${JSON.stringify(query.ink?.slice(0, 60))}: expected ${INKS.join(", ")}`);
  }
  return { ink, seed: query.seed === undefined ? fallback : parseSeed(query.seed) };
}

function parseSeed(text: string): Seed {
  if (text === "random") return text;
  const seed = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(seed)) return seed;
  throw new Refusal(
    400,
    `seed ${JSON.stringify(text.slice(0, 60))}: expected a whole number, 0 to 2^53 - 1, or random`,
  );
}

/** What each sample's draws are keyed by. */
function idsOf({ samples }: Questions, seed: Seed): Uint32Array {
  const count = samples.length;
  if (seed !== "random") return Uint32Array.from(samples, ({ features }) => contentId(features, seed));
  const ids = new Uint32Array(count);
  for (let at = 0; at < count; at += 16_384) crypto.getRandomValues(ids.subarray(at, at + 16_384)); // 64 KiB at a time
  return ids;
}
