/** `serve`: a trained model that answers over HTTP. */
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { seedOf } from "../engine/model_options.ts";
import type { Variant } from "../engine/wasm/kernels.ts";
import { loadKernels } from "../engine/wasm/load.ts";
import { describeKernels } from "../engine/wasm/wasm_engine.ts";
import type { EngineError } from "../errors.ts";
import { readModel } from "../network/model_file.ts";
import { describePage, readBuiltPage } from "../serve/built_page.ts";
import { boundConnections } from "../serve/descriptors.ts";
import { printError } from "../text/print.ts";
import { MOST_THREADS, startThreads } from "../serve/threads.ts";
import { findModel } from "../runs/run_folder.ts";
import { describeNetwork } from "../network/words.ts";
import { createCommand } from "./command.ts";
import { allowHostOption, corsOption, hostsOf, isEveryAddress, NoModelOption } from "./serve_access.ts";
import { checkMayListen } from "./task_permissions.ts";
import { count, counted } from "../text/figures.ts";
import { choiceOption, hostOption, numberOption, runOption, wholeNumbers } from "./option_values.ts";
import { openOutput, quietOption } from "./output.ts";
import { endByItself } from "./signals.ts";

const VARIANTS = ["plain", "relaxed"] as const satisfies readonly Variant[];

/** Makes the command. */
export function serveCommand(): CommandUnknownOpts {
  return createCommand(
    "serve",
    "Answer over HTTP which class a picture or another sample is of",
    'POST /classify takes image/png, application/octet-stream (a byte a pixel or number), JSON ({ "pixels": [...] }) or a form ' +
      "of files; one picture or many. GET /health, /model and / return its state, its network and a page. " +
      "The same picture has the same answer, unless ?seed=N or ?seed=random asks for other noise.",
    "--model wider --port 8080",
  )
    .optionsGroup("Answers:")
    .addOption(
      runOption("--model <run-or-file>", "a run's name, its folder, or a model.safetensors")
        .makeOptionMandatory(),
    )
    .addOption(numberOption("--seed <number>", "seed of the noise", wholeNumbers(0), "the model's own"))
    .addOption(
      new Option("--random", "draw noise that is never the same, where a request names no seed")
        .conflicts("seed"),
    )
    .addOption(
      choiceOption("--variant <build>", "kernels; plain gives the same bits everywhere", VARIANTS)
        .default("plain" as const, "plain"),
    )
    .optionsGroup("Server:")
    .addOption(hostOption("--host <address>", "address to listen at").default("127.0.0.1", "127.0.0.1"))
    .addOption(
      numberOption("--port <number>", "port to listen at; 0 takes a free one", wholeNumbers(0, 65_535))
        .default(8000),
    )
    .addOption(
      numberOption("--threads <number>", "threads that share the port", wholeNumbers(1, MOST_THREADS))
        .default(1),
    )
    .addOption(
      numberOption(
        "--connections <number>",
        "connections at a time, of all threads together",
        wholeNumbers(1, 100_000),
      ).default(1000),
    )
    .addOption(
      numberOption(
        "--queue <number>",
        "samples of long requests that may wait in a thread before more are refused",
        wholeNumbers(1, 1_000_000),
      ).default(2000),
    )
    .addOption(
      numberOption("--max-bytes <number>", "the longest body", wholeNumbers(1, 2 ** 30)).default(1_048_576),
    )
    .addOption(
      numberOption(
        "--timeout <seconds>",
        "for a body to arrive, and for a connection to say nothing",
        wholeNumbers(1, 3600),
      ).default(10),
    )
    .optionsGroup("Who may see what:")
    .addOption(allowHostOption())
    .addOption(corsOption())
    .option("--no-page", "show nothing at /")
    .addOption(new NoModelOption())
    .optionsGroup("Output:")
    .option("--log", "print a line about every answer to standard error")
    .option("--json", "print one line of JSON once it listens")
    .addOption(quietOption)
    .action(async (given) => {
      const { signal } = endByItself();
      const { say, result } = openOutput(given);
      await checkMayListen(given.host, given.port);
      const path = await findModel(given.model);
      const model = await readModel(path);
      const kernels = await loadKernels(given.variant);
      const site = given.page ? await readBuiltPage() : false;
      const hosts = hostsOf(given.host, given.allowHost);
      const connections = boundConnections(given.connections, given.threads);
      const { promise: failed, reject: fail } = Promise.withResolvers<never>();
      failed.catch(() => {}); // it may be rejected before it is awaited
      const server = await startThreads(
        {
          model,
          kernels,
          hostname: given.host,
          port: given.port,
          isShared: false,
          seed: given.random ? "random" : given.seed ?? seedOf(model),
          connections,
          waiting: given.queue,
          mostBytes: given.maxBytes,
          bodyTime: 1000 * given.timeout,
          log: given.log ?? false,
          publishesModel: given.publishedModel !== false,
          cors: given.cors ?? [],
          ...(hosts && { hosts }),
          ...(site !== undefined && { page: site }),
        },
        given.threads,
        (error: EngineError) => fail(error),
      );
      const url = `http://${
        server.hostname.includes(":") ? `[${server.hostname}]` : server.hostname
      }:${server.port}`;
      const threads = given.threads === 1 ? "1 thread" : `${given.threads} threads`;
      say(`${path}: ${describeNetwork(model.spec)}`);
      say(`${describeKernels(kernels)}, ${threads}`);
      if (connections < given.connections) {
        say(
          `${counted(connections, "connection")} at a time, not ${count(given.connections)}: ` +
            "more open files are not allowed here (ulimit -n)",
        );
      }
      say(describePage(site, model.spec));
      say(`listening at ${url}`);
      if (isEveryAddress(given.host)) {
        printError(
          `warning: --host ${given.host} is every address of this machine: whoever reaches it can ask, and nothing is encrypted`,
        );
      }
      result({ url, model: path, variant: given.variant, threads: given.threads, pid: Deno.pid });

      await Promise.race([aborted(signal), failed]);
      say(`stopped after ${counted(await server.stop(), "request")}`);
    });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}
