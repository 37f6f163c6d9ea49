/** A list of test digits with the model's predictions. */
import { colours, onSchemeChange } from "../shared/colours.js";
import { make } from "../shared/dom.js";
import { percent } from "../shared/format.js";
import { paint } from "./picture.js";
import type { Answer, Digit } from "../train/protocol.js";

export class DigitList {
  readonly #list: HTMLElement;
  #shown: readonly { readonly canvas: HTMLCanvasElement; readonly digit: Digit }[] = [];

  constructor(list: HTMLElement) {
    this.#list = list;
    onSchemeChange(() => this.#paint());
  }

  /** Shows digits before there are predictions. */
  show(digits: readonly Digit[]): void {
    this.#fill(digits, (digit) => ({ says: "?", tells: `A ${digit.truth}, not read yet`, wrong: false }));
  }

  showAnswers(answers: readonly Answer[]): void {
    this.#fill(answers, ({ truth, prediction, probability }) => {
      const sure = percent(probability, 0);
      return prediction === truth
        ? {
            says: `${prediction}`,
            sure,
            tells: `A ${truth}, read as ${prediction} with probability ${sure}`,
            wrong: false,
          }
        : {
            says: `${prediction}, is ${truth}`,
            sure,
            tells: `A ${truth}, wrongly read as ${prediction} with probability ${sure}`,
            wrong: true,
          };
    });
  }

  #fill<T extends Digit>(
    digits: readonly T[],
    caption: (digit: T) => { says: string; sure?: string; tells: string; wrong: boolean },
  ): void {
    this.#shown = digits.map((digit) => ({ canvas: make("canvas"), digit }));
    const items = digits.map((digit, n) => {
      const { says, sure, tells, wrong } = caption(digit);
      const item = make("li", { title: tells, className: wrong ? "wrong" : "" }, this.#shown[n].canvas);
      const words = make("span", { ariaHidden: "true" }, make("b", { textContent: says }));
      if (sure) words.append(make("small", { textContent: sure }));
      item.append(words, make("span", { className: "unseen", textContent: tells }));
      return item;
    });
    this.#list.replaceChildren(...items);
    this.#paint();
  }

  #paint(): void {
    const { paper, ink } = colours();
    for (const { canvas, digit } of this.#shown) {
      paint(canvas, (pixel) => {
        const dark = digit.pixels[pixel] / 255;
        const mix = (channel: 0 | 1 | 2) => paper[channel] + dark * (ink[channel] - paper[channel]);
        return [mix(0), mix(1), mix(2)];
      });
    }
  }
}
