/** Texts of --help. The options are those of the option table. */
import { SOLVERS, SOLVER_NAMES } from "../solvers/solver-table.js";
import { OPTION_TEXTS } from "../train/option-texts.js";
import { OPTION_TABLE, type OptionRow } from "../train/option-table.js";
import { OPTION_FLAGS } from "./arguments.js";

export const HELP = `smigh: trains softmax (multinomial logistic) classifiers

smigh train DATA [--label COLUMN | --labels FILE] [--offsets FILE] [-o MODEL] [options] [--json]
smigh predict MODEL DATA [--offsets FILE] [-o FILE] [--proba]
smigh evaluate MODEL DATA [--labels FILE] [--offsets FILE] [--json]
smigh doctor
smigh --version

DATA and FILEs are CSV (or with tabs, semicolons or bars), JSON, Parquet, Arrow,
.npy, .npz, svmlight or IDX, by their content. MODEL is a JSON file; train
writes smigh-model.json by default. An output must not be one of the inputs.

--label COLUMN    the column of the labels, by name or number. Default: the one
                  called label, class, target, y or species, or the only text
--labels FILE     the labels, where DATA has none
--features A,B    the columns that are features. Default: all others
--exclude A,B     columns that are none
--categories A,B  columns of which each value is a feature. Default: text of at
                  most 50 values, and at most one for 20 rows
--weights COLUMN  the weight of each row
--missing HOW     missing values: error, drop (the row) or mean
--unknown HOW     categories that the training lacked: error or zeros
--format NAME     --delimiter CHARACTER  --header  --no-header  --skip LINES
                  --decimal ,
--offsets FILE    numbers added to the logits, a row for each of DATA

The model remembers which columns are what: predict and evaluate match those of
another file by name.

The options are those of the library in kebab-case, such as --C 1
--tolerance 1e-4, or --solver sgd --epochs 20 --batch-size 256
--learning-rate 0.1. smigh train --help lists them. --init MODEL goes on from a
model. --penalty-factors takes a list, such as '[1,0,2]', or a file. Ctrl-C
stops a training and writes the weights so far; a second Ctrl-C ends it at once.
`;

/** Returns the help with all options of `smigh train`: flag, first sentence and default of each. */
export function trainHelp(): string {
  const rows = new Map(Object.entries<OptionRow>(OPTION_TABLE));
  const options = OPTION_FLAGS.flatMap(({ option, flag, alone }) => {
    const row = rows.get(option);
    if (!row) return [];
    const value = alone === undefined ? ` ${row.check.choices?.join("|") ?? "VALUE"}` : "";
    const byDefault = defaultOf(option, row);
    return `--${flag}${value}\n    ${OPTION_TEXTS[option]}${byDefault && ` Default: ${byDefault}.`}`;
  });
  return `${HELP}\n${options.join("\n")}\n`;
}

/** Returns the default of an option, and those of solvers that have another: "10; gd 100", or nothing. */
export function defaultOf(name: string, row: OptionRow): string {
  if (!("default" in row)) return "";
  const own = SOLVER_NAMES.flatMap((solver) => {
    const value: unknown = Reflect.get(SOLVERS[solver].defaults ?? {}, name);
    return value === undefined ? [] : [`${solver} ${String(value)}`];
  });
  return [String(row.default), ...own].join("; ");
}
