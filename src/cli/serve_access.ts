/** The options of `serve` for access, and for what is published. */
import { Option } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import { LOCAL_HOSTS } from "../serve/access.ts";

/** `--allow-host` */
export function allowHostOption() {
  return new Option(
    "--allow-host <name>",
    "a name that requests may use, besides this machine's own; may be repeated",
  )
    .argParser((text, others: readonly string[] = []) => [...others, parseHost(text)]);
}

/** `--cors` */
export function corsOption() {
  return new Option(
    "--cors <origin>",
    "a site whose pages may ask, such as https://example.com, or *; may be repeated",
  )
    .argParser((text, others: readonly string[] = []) => [...others, parseOrigin(text)]);
}

/** `--no-model`, whose value is not that of `--model`. */
export class NoModelOption extends Option<"--no-published-model"> {
  /** Makes it. */
  constructor() {
    super("--no-published-model", "publish neither the model's description nor its weights");
    this.flags = this.long = "--no-model";
  }

  /** What its value is called. */
  override attributeName(): string {
    return "publishedModel";
  }
}

/** Names under which a server that listens at an address answers. @returns `undefined`: any. */
export function hostsOf(address: string, allowed: readonly string[] = []): readonly string[] | undefined {
  const isLocal = address === "localhost" || address === "::1" || address.startsWith("127.");
  if (!isLocal && allowed.length === 0) return undefined;
  const own = address.includes(":") ? `[${address}]` : address;
  return [...new Set([...LOCAL_HOSTS, ...(isEveryAddress(address) ? [] : [own]), ...allowed])];
}

/** Whether a server listens at every address of the machine. */
export function isEveryAddress(address: string): boolean {
  return /^(0+(\.0+){0,3}|[0:]*::?[0:]*)$/.test(address);
}

function parseHost(text: string): string {
  if (/^([\w-]+(\.[\w-]+)*|\[[\da-fA-F:.]+\])$/.test(text)) return text;
  throw new OptionError(
    `--allow-host ${text}: expected a name without http:// and port, such as example.com`,
  );
}

function parseOrigin(text: string): string {
  if (text === "*" || URL.parse(text)?.origin === text) return text;
  throw new OptionError(`--cors ${text}: expected an origin, such as https://example.com, or *`);
}
