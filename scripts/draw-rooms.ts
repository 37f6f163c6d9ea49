/**
 * Draws the rooms of src/ and the imports between them, from the code, into docs/architecture.md.
 *
 *   npx tsx scripts/draw-rooms.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FLOORS, filesOf, importsOf, roomOf, textOf } from "./imports.js";

const [BEGIN, END] = ["<!-- rooms: npx tsx scripts/draw-rooms.ts -->", "<!-- end of rooms -->"];

/** Returns a Mermaid flowchart: a box for each room, and arrows but for those that follow from others. */
export function drawRooms(): string {
  const next = new Map<string, Set<string>>();
  for (const path of filesOf("src")) {
    if (path === "src/index.ts") continue;
    const rooms = next.get(roomOf(path)) ?? new Set();
    next.set(roomOf(path), rooms);
    for (const { to } of importsOf(path, textOf(path))) {
      if (to.startsWith("src/") && roomOf(to) !== roomOf(path)) rooms.add(roomOf(to));
    }
  }
  const leadsTo = (from: string, to: string): boolean =>
    Array.from(next.get(from) ?? []).some((room) => room === to || leadsTo(room, to));
  const arrows = [...next].flatMap(([from, rooms]) =>
    Array.from(rooms)
      .filter((to) => !Array.from(rooms).some((room) => room !== to && leadsTo(room, to)))
      .map((to) => `  ${from} --> ${to}`),
  );
  const rooms = FLOORS.flat().filter((room) => room !== "index.ts");
  return [
    "flowchart TD",
    ...rooms.toReversed().map((room) => `  ${room}[${room}/]`),
    ...arrows.toSorted(),
  ].join("\n");
}

/** Replaces the drawing in a document. Throws where the document has no place for it. */
export function withRooms(text: string): string {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`The document has no ${BEGIN} … ${END}.`);
  return `${before}${BEGIN}\n\n\`\`\`mermaid\n${drawRooms()}\n\`\`\`\n\n${END}${after}`;
}

if (process.argv[1] === import.meta.filename) {
  const path = join(import.meta.dirname, "../docs/architecture.md");
  writeFileSync(path, withRooms(readFileSync(path, "utf8")));
}
