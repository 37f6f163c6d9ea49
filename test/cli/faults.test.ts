/** Under stress a command ends with what was asked for, or with one line that says why not; never otherwise. */
import { beforeAll, expect, test, vi } from "vitest";
import { CLI_FAULTS } from "../faults/cli.js";
import { builtCommand } from "../support/command.js";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 180_000 });
beforeAll(builtCommand);

test.each(CLI_FAULTS)("$item: $name", async ({ run }) => {
  expect(["recovered", "named"]).toContain(await run());
});
