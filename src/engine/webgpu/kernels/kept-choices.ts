/** Choices of kernels that a page's storage keeps from visit to visit, where it is allowed. */

/** The name of the cache that holds them, one response for each. */
export const KEPT_CHOICES = "smigh kernels";

/** Returns the name that was kept under a key. */
export async function recallChoice(key: string): Promise<string | undefined> {
  try {
    const found = await (await caches.open(KEPT_CHOICES)).match(addressOf(key));
    return await found?.text();
  } catch {
    return undefined; // there is no storage, such as in Node, or the user does not allow it
  }
}

/** Keeps a name, if it can. */
export async function keepChoice(key: string, name: string): Promise<void> {
  try {
    await (await caches.open(KEPT_CHOICES)).put(addressOf(key), new Response(name));
  } catch {
    // It is found again by timing.
  }
}

/** An address that nothing requests. Another version of the browser may compile other code. */
function addressOf(key: string): string {
  return `/smigh-kernels?${new URLSearchParams({ key, browser: navigator.userAgent }).toString()}`;
}
