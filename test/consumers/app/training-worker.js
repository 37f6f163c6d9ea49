/** A worker of the page's own, in which the training runs. */
import { trainings } from "./trainings.js";

trainings(["auto", "webgpu"]).then((report) => postMessage(report));
