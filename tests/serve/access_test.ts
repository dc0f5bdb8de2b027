import assert from "node:assert/strict";
import { LOCAL_HOSTS } from "../../src/serve/access.ts";
import { appOf, digit, MODEL } from "./served_model.ts";

const EVIL = "https://evil.example", GOOD = "https://good.example";

/** The status and the headers of the answer to a request with these headers. */
async function statusOf(
  app: ReturnType<typeof appOf>,
  headers: Record<string, string>,
  method = "POST",
  path = "/classify",
): Promise<{ status: number; headers: Headers; error: unknown }> {
  const body = method === "POST" ? digit(0) : null;
  const type = { "content-type": "application/octet-stream" };
  const response = await app.request(path, { method, body, headers: { ...type, ...headers } });
  const text = await response.text();
  const error = response.status >= 400 ? JSON.parse(text).error : undefined;
  return { status: response.status, headers: response.headers, error };
}

Deno.test("a server on loopback answers only to this machine's names, against DNS rebinding", async () => {
  const app = appOf(MODEL, { hosts: [...LOCAL_HOSTS, "Digits.example"] });
  for (
    const host of [
      "localhost",
      "LOCALHOST:8000",
      "127.0.0.1",
      "127.0.0.1:80",
      "[::1]:8000",
      "digits.example:1",
    ]
  ) assert.equal((await statusOf(app, { host })).status, 200, host);
  for (const path of ["/", "/health", "/model", "/model.safetensors", "/nowhere"]) {
    for (
      const host of [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil",
        "[::2]",
        "",
      ]
    ) {
      const { status, error } = await statusOf(app, { host }, "GET", path);
      assert.equal(status, 403, `${host} ${path}`);
      assert.match(String(error), /^host .*: expected localhost, 127\.0\.0\.1, \[::1\], digits\.example$/);
    }
  }
  assert.equal((await statusOf(appOf(), { host: "evil.example" })).status, 200, "elsewhere any name will do");
});

Deno.test("a page of another site can neither post nor read", async () => {
  const app = appOf(), host = "localhost:8000";
  for (
    const headers of [
      { "sec-fetch-site": "cross-site", origin: EVIL },
      { "sec-fetch-site": "cross-site", origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { origin: EVIL }, // older browsers, and addresses of other machines
      { origin: "null" },
    ]
  ) {
    const { status, error } = await statusOf(app, { host, ...headers });
    assert.equal(status, 403, JSON.stringify(headers));
    assert.match(
      String(error),
      /^a page of (https:\/\/evil\.example|null|"another site") sends this: expected/,
    );
  }
  for (
    const headers of [
      {},
      { "sec-fetch-site": "same-origin", origin: "http://localhost:8000" },
      { "sec-fetch-site": "none" },
      { origin: "http://localhost:8000" },
    ]
  ) assert.equal((await statusOf(app, { host, ...headers })).status, 200, JSON.stringify(headers));
  const read = await statusOf(app, { host, origin: EVIL, "sec-fetch-site": "cross-site" }, "GET", "/health");
  assert.deepEqual([read.status, read.headers.get("access-control-allow-origin")], [200, null]);
});

Deno.test("`cors` lets pages of other origins post and read, also refusals, after a preflight", async () => {
  const app = appOf(MODEL, { cors: [GOOD] });
  const from = (origin: string) => ({ host: "localhost", origin, "sec-fetch-site": "cross-site" });
  const allowed = async (method: string, origin: string, path = "/classify") => {
    const { status, headers } = await statusOf(app, from(origin), method, path);
    return [status, headers.get("access-control-allow-origin")];
  };
  assert.deepEqual(await allowed("POST", GOOD), [200, GOOD]);
  assert.deepEqual(await allowed("GET", GOOD, "/model"), [200, GOOD]);
  assert.deepEqual(await allowed("GET", GOOD, "/nowhere"), [404, GOOD]);
  assert.deepEqual(await allowed("DELETE", GOOD), [405, GOOD]);
  assert.deepEqual(await allowed("POST", EVIL), [403, null]);
  const preflight = await app.request("/classify", {
    method: "OPTIONS",
    headers: { ...from(GOOD), "access-control-request-method": "POST" },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-methods"), "GET,HEAD,POST");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "content-type");
  const all = appOf(MODEL, { cors: ["*"] });
  assert.equal((await statusOf(all, from(EVIL))).headers.get("access-control-allow-origin"), "*");
});
