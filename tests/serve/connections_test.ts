import assert from "node:assert/strict";
import { Connections } from "../../src/serve/connections.ts";

Deno.test("Connections gives up the one that has waited for longest where there is one too many", () => {
  const connections = new Connections<string>({ most: 3, silence: 100 });
  assert.deepEqual(["a", "b", "c"].map((name, i) => connections.add(name, i)), [
    undefined,
    undefined,
    undefined,
  ]);
  connections.enter("a", "answering", 3);
  assert.equal(connections.add("d", 4), "b", "a is asking");
  connections.enter("a", "receiving", 5);
  connections.enter("a", "waiting", 6);
  assert.equal(connections.add("e", 7), "c");
  assert.equal(connections.add("f", 8), "d");
  assert.equal(connections.add("g", 9), "a", "it has waited since its answer");
  assert.equal(connections.count, 3);
});

Deno.test("Connections gives up a body that is still coming, the oldest, where nobody waits; else the newcomer", () => {
  const connections = new Connections<string>({ most: 2, silence: 100 });
  for (const name of ["a", "b"]) {
    connections.add(name, 0);
    connections.enter(name, "sending", 0);
  }
  assert.equal(connections.add("c", 1), "a");
  connections.enter("c", "answering", 1);
  connections.enter("b", "answering", 1);
  assert.equal(connections.add("d", 2), "d");
  assert.deepEqual(connections.all, ["c", "b"]);
});

Deno.test("Connections ends silence after its time, and answers that are not taken after one for their size", () => {
  const connections = new Connections<string>({ most: 9, silence: 100 });
  for (const name of ["silent", "sending", "answering", "short", "long"]) connections.add(name, 0);
  connections.enter("sending", "sending", 0);
  connections.enter("answering", "answering", 0);
  connections.enter("short", "receiving", 0, 1000);
  connections.enter("long", "receiving", 0, 1_000_000); // 100 s at 10 KB a second
  assert.deepEqual(connections.takeOverdue(99), []);
  assert.deepEqual(connections.takeOverdue(100), ["silent"]);
  assert.deepEqual(connections.takeOverdue(100), [], "it is counted no longer");
  assert.deepEqual(connections.takeOverdue(30_100), ["short"]);
  assert.deepEqual(connections.takeOverdue(130_000), ["long"]);
  connections.enter("silent", "answering", 1); // its answer comes too late
  assert.deepEqual(connections.all, ["sending", "answering"]);
});
