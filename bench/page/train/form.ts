/** Makes the fields of the training page's form from the rows of the options that it takes. */
import { OPTION_TEXTS } from "../../../src/train/option-texts.js";
import { make } from "../shared/dom.js";
import { type OptionField, FORM_FIELDS } from "./job.js";
import { choiceWords, optionWords } from "./words.js";

/** Makes a labelled control for each field. */
export function makeFields(): HTMLLabelElement[] {
  return FORM_FIELDS.map((field) => {
    const label = make("label", { title: OPTION_TEXTS[field.option] });
    label.append(`${optionWords(field.option)} `, controlOf(field));
    return label;
  });
}

function controlOf({ name, choices }: OptionField): HTMLInputElement | HTMLSelectElement {
  if (!choices) return make("input", { name, inputMode: "decimal" });
  const options = choices.map((value) => make("option", { value }, choiceWords(value)));
  // The id "engine" is that of the line that says which one computes.
  return make("select", { name, ...(name !== "engine" && { id: name }) }, ...options);
}
