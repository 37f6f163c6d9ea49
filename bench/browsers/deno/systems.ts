/** The systems that run on Deno's WebGPU. TensorFlow.js does not start there: it mistakes Deno for Node. */
import { systems as all } from "../../peers/all.js";

export const denoSystems = all.filter(({ name }) => name === "smigh/webgpu" || name === "jax-js/webgpu");
