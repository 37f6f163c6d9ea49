/** The sub-path `smigh/data`: readers of data files. */
export { readIdx, type Idx } from "./readers/idx.js";
