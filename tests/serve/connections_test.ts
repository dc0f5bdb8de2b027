import assert from "node:assert/strict";
import { Connections } from "../../src/serve/connections.ts";

Deno.test("Connections closes the one that has waited longest if there are too many", () => {
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

Deno.test("Connections closes the oldest unfinished body if none is idle, else the new connection", () => {
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

Deno.test("Connections limits the time of silence, and that of an answer by its size", () => {
  const connections = new Connections<string>({ most: 9, silence: 100 });
  for (const name of ["silent", "sending", "answering", "short", "long"]) connections.add(name, 0);
  connections.enter("sending", "sending", 0);
  connections.enter("answering", "answering", 0);
  connections.enter("short", "receiving", 0, 1000);
  connections.enter("long", "receiving", 0, 1_000_000); // 100 s at 10 KB per second
  assert.deepEqual(connections.takeOverdue(99), []);
  assert.deepEqual(connections.takeOverdue(100), ["silent"]);
  assert.deepEqual(connections.takeOverdue(100), [], "it is counted no longer");
  assert.deepEqual(connections.takeOverdue(30_100), ["short"]);
  assert.deepEqual(connections.takeOverdue(130_000), ["long"]);
  connections.enter("silent", "answering", 1); // too late
  assert.deepEqual(connections.all, ["sending", "answering"]);
});
