/** The text of `worker.js`, for threads that cannot load the file. */
export { default as text } from "./worker.js?raw";
