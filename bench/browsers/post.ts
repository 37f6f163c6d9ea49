/** Messages that a page posts to the server that `visit` runs: a browser needs no remote control for that. */

/** Plain data. */
export type Posted =
  | { readonly kind: "progress"; readonly text: string }
  | { readonly kind: "done"; readonly result: unknown }
  | { readonly kind: "failed"; readonly message: string };

export const POST_PATH = "/posted";

/** Does the page's work, and posts its progress and its result or error. */
export async function post(work: (report: (progress: string) => void) => Promise<unknown>): Promise<void> {
  const send = (posted: Posted) => fetch(POST_PATH, { method: "POST", body: JSON.stringify(posted) });
  try {
    const result = await work((text) => void send({ kind: "progress", text }));
    await send({ kind: "done", result });
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    await send({ kind: "failed", message });
  }
}
