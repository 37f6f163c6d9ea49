/** Pictures of the learned weights: for each digit, which pixels count as evidence for and against it. */
import { colours, diverging, onSchemeChange } from "../shared/colours.js";
import { make } from "../shared/dom.js";
import { paint } from "./picture.js";

const CLASSES = 10;
const PIXELS = 28 * 28;
/** Share of the weights that the colour scale resolves; the few beyond get its end colours. */
const SHOWN = 0.995;

export class WeightPictures {
  readonly #canvases: readonly HTMLCanvasElement[];
  /** (784, 10) */
  #weights = new Float32Array(PIXELS * CLASSES);

  constructor(list: HTMLElement) {
    this.#canvases = Array.from({ length: CLASSES }, (_, digit) => {
      const canvas = make("canvas", { role: "img", ariaLabel: `Weights of digit ${digit}` });
      list.append(make("li", {}, canvas, make("span", { textContent: String(digit) })));
      return canvas;
    });
    onSchemeChange(() => this.#draw());
    this.#draw();
  }

  show(weights: Float32Array): void {
    this.#weights = Float32Array.from(weights);
    this.#draw();
  }

  /** Shows zero weights, as before a training. */
  clear(): void {
    this.show(new Float32Array(PIXELS * CLASSES));
  }

  #draw(): void {
    const sizes = this.#weights.map(Math.abs).sort();
    const largest = sizes[Math.floor(SHOWN * sizes.length)] || 1;
    const scheme = colours();
    this.#canvases.forEach((canvas, digit) => {
      paint(canvas, (pixel) => diverging(this.#weights[pixel * CLASSES + digit] / largest, scheme));
    });
  }
}
