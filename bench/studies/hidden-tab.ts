/** Times fits in a visible and in a hidden tab. */
import type { EngineName } from "../../src/engine/engine.js";
import { serve } from "../browsers/serve.js";
import { Tab } from "../browsers/tab.js";

export interface Fit {
  readonly engine: EngineName;
  readonly solver: "lbfgs" | "newton" | "gd";
}

export interface Timed extends Fit {
  /** Seconds, the best of several fits. */
  readonly visible: number;
  readonly hidden: number;
}

/** Times each fit once to compile it, then `times` times hidden and visible in turn. */
export async function timeFits(
  fits: readonly Fit[],
  times: number,
  report?: (timed: Timed) => void,
): Promise<Timed[]> {
  const { server, url } = await serve();
  const tab = await Tab.open(`${url}studies/hidden-page.html`);
  try {
    await tab.until("typeof seconds === 'function'");
    const found: Timed[] = [];
    for (const fit of fits) {
      const time = async (hidden: boolean) => {
        await tab.setHidden(hidden);
        return Number(await tab.evaluate(`seconds(${JSON.stringify(fit)})`));
      };
      let [visible, hidden] = [await time(false), Infinity]; // the first fit also compiles
      for (let turn = 0; turn < times; turn++) {
        hidden = Math.min(hidden, await time(true));
        visible = Math.min(visible, await time(false));
      }
      const timed = { ...fit, visible, hidden };
      found.push(timed);
      report?.(timed);
    }
    return found;
  } finally {
    await tab.close();
    await server.close();
  }
}
