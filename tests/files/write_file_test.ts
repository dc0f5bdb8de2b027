import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { writeFileAtomic } from "../../src/files/write_file.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const posix = Deno.build.os !== "windows";

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("writeFileAtomic() writes any bytes, and no other file", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "model");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await writeFileAtomic(path, bytes);
        assert.deepEqual([...await Deno.readFile(path)], [...bytes]);
        assert.deepEqual(namesIn(folder), ["model"]);
      }),
      { numRuns: 20 },
    );
  });
});

Deno.test("writeFileAtomic() writes a text as UTF-8", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "note");
    await writeFileAtomic(path, "θ = 2");
    assert.deepEqual([...await Deno.readFile(path)], [0xce, 0xb8, 0x20, 0x3d, 0x20, 0x32]);
  });
});

Deno.test("writeFileAtomic() replaces a longer file whole", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "note");
    await writeFileAtomic(path, "a long text");
    await writeFileAtomic(path, "short");
    assert.equal(await Deno.readTextFile(path), "short");
  });
});

Deno.test("writeFileAtomic() leaves the content of one of many writers, whole", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "note");
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(50_000 + i));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    assert.ok(contents.includes(await Deno.readTextFile(path)));
    assert.deepEqual(namesIn(folder), ["note"]);
  });
});

Deno.test({
  name: "writeFileAtomic() writes through no link, wherever it leads",
  ignore: !posix,
  fn: async () => {
    await inTemporaryFolder(async (folder) => {
      await Deno.mkdir(join(folder, "real"));
      await Deno.writeTextFile(join(folder, "real", "note"), "before");
      await Deno.symlink(join("real", "note"), join(folder, "link"));
      await Deno.symlink("nowhere", join(folder, "dangling"));
      for (const name of ["link", "dangling"]) {
        await assert.rejects(writeFileAtomic(join(folder, name), "after"), {
          name: "InputError",
          message:
            /: this is a symbolic link, which nothing is written through; name the file that it leads to/,
        });
        assert.ok((await Deno.lstat(join(folder, name))).isSymlink);
      }
      assert.equal(await Deno.readTextFile(join(folder, "real", "note")), "before");
      assert.deepEqual(namesIn(folder), ["dangling", "link", "real"]);
    });
  },
});

Deno.test({
  name: "writeFileAtomic() writes a name as long as the file system allows, and throws on a longer one",
  ignore: !posix,
  fn: async () => {
    await inTemporaryFolder(async (folder) => {
      await writeFileAtomic(join(folder, "n".repeat(255)), "x");
      const message = /: cannot be written: File name too long$/;
      await assert.rejects(writeFileAtomic(join(folder, "n".repeat(256)), "x"), {
        name: "InputError",
        message,
      });
      assert.deepEqual(namesIn(folder), ["n".repeat(255)]);
    });
  },
});

Deno.test("writeFileAtomic() throws if the folder is missing or is a file", async () => {
  await inTemporaryFolder(async (folder) => {
    await assert.rejects(writeFileAtomic(join(folder, "none", "note"), "x"), {
      name: "InputError",
      message: /note: the folder .*none does not exist; create it first$/,
    });
    await Deno.writeTextFile(join(folder, "file"), "");
    await assert.rejects(writeFileAtomic(join(folder, "file", "note"), "x"), { name: "InputError" });
    assert.deepEqual(namesIn(folder), ["file"]);
  });
});

Deno.test("writeFileAtomic() throws on a folder of that name and on a path without a name", async () => {
  await inTemporaryFolder(async (folder) => {
    const isFolder = {
      name: "InputError",
      message: /: this is a folder; expected a file: name one inside it$/,
    };
    await assert.rejects(writeFileAtomic(folder, "x"), isFolder);
    for (const path of ["", `${folder}/`, join(folder, "a") + "/..", "."]) {
      await assert.rejects(writeFileAtomic(path, "x"), {
        name: "InputError",
        message: /: this names no file/,
      });
    }
    assert.deepEqual(namesIn(folder), []);
  });
});

Deno.test({
  name: "writeFileAtomic() does not replace a device",
  ignore: !posix,
  fn: async () => {
    const message = /^\/dev\/null: this is a pipe or a device; expected a file on a disk$/;
    await assert.rejects(writeFileAtomic("/dev/null", "x"), { name: "InputError", message });
    assert.ok((await Deno.stat("/dev/null")).isCharDevice);
  },
});

Deno.test("writeFileAtomic() removes its temporary file if the last step fails", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "note");
    await Deno.writeTextFile(path, "before");
    const module = JSON.stringify(new URL("../../src/files/write_file.ts", import.meta.url));
    const program = join(folder, "program.ts");
    await Deno.writeTextFile(
      program,
      `import { writeFileAtomic } from ${module};
      await writeFileAtomic(${JSON.stringify(path)}, "after").catch((error) => console.log(error.name));`,
    );
    // Permission for the folder, and so for a temporary file, but not for the file itself.
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-read", `--allow-write=${folder}`, `--deny-write=${path}`, program],
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "InputError\n");
    assert.equal(await Deno.readTextFile(path), "before");
    assert.deepEqual(namesIn(folder), ["note", "program.ts"]);
  });
});

Deno.test("writeFileAtomic() leaves no temporary file when the program exits in the middle", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "note"), program = join(folder, "program.ts");
    await Deno.writeTextFile(path, "before");
    await Deno.writeTextFile(
      program,
      `import { writeFileAtomic } from "${new URL("../../src/files/write_file.ts", import.meta.url)}";
      const names = () => [...Deno.readDirSync(${JSON.stringify(folder)})].map(({ name }) => name);
      writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(2 ** 26));
      while (!names().some((name) => name.endsWith(".tmp"))) await new Promise((resolve) => setTimeout(resolve));
      console.log("begun");
      Deno.exit();`,
    );
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", `--allow-read`, `--allow-write=${folder}`, program],
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "begun\n");
    assert.equal(await Deno.readTextFile(path), "before");
    assert.deepEqual(namesIn(folder), ["note", "program.ts"]);
  });
});

Deno.test({
  name: "writeFileAtomic() names the flag where Deno may not write",
  permissions: { read: true, write: false },
  fn: async () => {
    await assert.rejects(writeFileAtomic("runs/model", "x"), {
      name: "InputError",
      message: "runs/model: Deno may not write it; run again with --allow-write=runs",
    });
  },
});

Deno.test({
  name: "writeFileAtomic() names the flag where Deno may not look whether the file is there",
  permissions: { read: false, write: true },
  fn: async () => {
    await assert.rejects(writeFileAtomic("runs/model", "x"), {
      name: "InputError",
      message: "runs/model: Deno may not write it; run again with --allow-read=runs",
    });
  },
});
