/** Runs the shipped command in a process of its own, under difficult conditions. */
import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cliFaults } from "../../faults/cli.js";
import { builtCommand } from "../../support/command.js";
import { modelOf } from "../../support/models.js";

let command: string;
beforeAll(async () => {
  command = await builtCommand();
});
afterAll(() => rmSync(dirname(command), { recursive: true })); // a test worker ends without an exit event

describe("under a fault it does what was asked for, or says in one line why not", () => {
  test.each(cliFaults)("$item: $name", async ({ run }) => {
    expect(["recovered", "named"]).toContain(await run());
  });
});

describe("in a shell", () => {
  const folder = mkdtempSync(join(tmpdir(), "smigh-shell-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeAll(async () => {
    writeFileSync(
      join(folder, "model.json"),
      await modelOf(["a", "b"], [[1, -1]], [0, 0], { scale: 1 }).save(),
    );
    writeFileSync(join(folder, "x.idx"), Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 5, 9));
  });

  /** Runs a script in which `smigh` is the command, as `user` if root may choose one. */
  function shell(script: string, user?: number): Promise<{ exit: number; out: string; status: string }> {
    const text = `smigh() { "${process.execPath}" "${command}" "$@"; }\n${script}`;
    const options = { cwd: folder, timeout: 60_000, ...(user !== undefined && { uid: user, gid: user }) };
    return new Promise((resolve) => {
      const child = execFile("bash", ["--norc", "-c", text], options, (_, out, status) =>
        resolve({ exit: child.exitCode ?? -1, out, status }),
      );
    });
  }

  test("a pipe that is closed early ends it quietly", async () => {
    expect(await shell(`smigh predict model.json x.idx | true; echo "\${PIPESTATUS[0]}"`)).toEqual({
      exit: 0,
      out: "0\n",
      status: "",
    });
  });

  test("/dev/stdout is a pipe or a file, in which all else stays", async () => {
    expect((await shell("smigh predict model.json x.idx -o /dev/stdout | cat")).out).toBe("a\na\na\n");
    await shell("{ echo first; smigh predict model.json x.idx -o /dev/stdout; echo last; } > lines.txt");
    expect(readFileSync(join(folder, "lines.txt"), "utf8")).toBe("first\na\na\na\nlast\n");
  });

  test("a full standard output is named", async () => {
    expect(await shell("smigh predict model.json x.idx > /dev/full")).toMatchObject({
      exit: 1,
      status: "smigh: standard output cannot be written: ENOSPC: no space left on device, write.\n",
    });
  });

  test("a standard error that is full does not end a job", async () => {
    expect(await shell("smigh predict model.json x.idx 2> /dev/full")).toMatchObject({
      exit: 0,
      out: "a\na\na\n",
    });
    expect(await shell("smigh predict nothing.json x.idx 2> /dev/full")).toMatchObject({ exit: 1, out: "" });
  });

  test("rows from a pipe are read", async () => {
    expect((await shell("cat x.idx | smigh predict model.json /dev/stdin")).out).toBe("a\na\na\n");
  });

  test("permissions that are missing are named, and a file that is read-only stays", async () => {
    const user = process.getuid?.() === 0 ? 65534 : undefined;
    chmodSync(dirname(command), 0o755);
    writeFileSync(join(folder, "secret.idx"), "");
    writeFileSync(join(folder, "kept.txt"), "kept");
    if (user !== undefined) {
      for (const name of ["", "secret.idx", "kept.txt"]) chownSync(join(folder, name), user, user);
    }
    chmodSync(join(folder, "secret.idx"), 0o000);
    chmodSync(join(folder, "kept.txt"), 0o444);
    const predict = (rest: string) => shell(`smigh predict model.json ${rest}`, user);
    expect(await predict("secret.idx")).toMatchObject({
      exit: 1,
      status: expect.stringMatching(/^smigh: secret\.idx cannot be read: EACCES: .*\n$/),
    });
    expect(await predict("x.idx -o kept.txt")).toMatchObject({
      exit: 1,
      status: expect.stringMatching(/^smigh: kept\.txt cannot be written: EACCES: .*\n$/),
    });
    expect(readFileSync(join(folder, "kept.txt"), "utf8")).toBe("kept");
    chmodSync(folder, 0o555);
    expect(await predict("x.idx -o new.txt")).toMatchObject({
      exit: 1,
      status: expect.stringMatching(/^smigh: new\.txt cannot be written: EACCES: .*\n$/),
    });
    chmodSync(folder, 0o755);
  });
});
