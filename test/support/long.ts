/** True if a run of the tests includes the cases that are more of the same. */
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** SMIGH_LONG=1, which `npm run test:long` sets. */
    long: boolean;
  }
}

/** Whether to run the cases that `npm test` leaves to `npm run test:long`. */
export const LONG = inject("long");
