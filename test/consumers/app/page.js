/** A page that trains, and shows the report. */
import { trainings } from "./trainings.js";
import { show } from "./show.js";

trainings(["auto", "webgpu"]).then(show);
