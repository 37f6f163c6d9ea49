/** The README as npm shows it: its relative links lead to the files of that version of the package. */

const RELATIVE = /\]\((?![a-z]+:|#)([^)\s]+)\)/g;

/** Replaces relative links in Markdown by addresses of the published files. */
export function withAbsoluteLinks(markdown: string, name: string, version: string): string {
  return markdown.replaceAll(
    RELATIVE,
    (_, path: string) => `](https://unpkg.com/${name}@${version}/${path})`,
  );
}

/** Returns the relative links in Markdown, without what follows a #. */
export function relativeLinks(markdown: string): string[] {
  return Array.from(markdown.matchAll(RELATIVE), ([, path]) => path.replace(/#.*/, ""));
}
