/** The page of `npm run bench:gpu`: does the task of its address and posts the result. */
import { post } from "../browsers/post.js";
import { measureGpu } from "../measure/gpu.js";

const task = new URLSearchParams(location.search).get("task") ?? "";
const mnist = new URL("../mnist/", location.href).href;

await post((report) => measureGpu({ mnist, ...JSON.parse(task) }, report));
