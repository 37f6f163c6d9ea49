/**
 * The part of vitest that the engine's tests use, for Deno, where vitest itself does not run: describe and
 * test with `each`, hooks, expect and spies. Tests run one after another, in the order of their declaration.
 */
import { inspect, isDeepStrictEqual } from "node:util";

type Work = () => unknown;
type Body = (...args: readonly unknown[]) => unknown;
/** Called after each test; it passed if there are no errors. */
type Report = (path: string, errors: readonly unknown[]) => void;

interface Suite {
  readonly path: string;
  readonly before: Work[];
  readonly after: Work[];
  readonly afterEach: Work[];
  /** Tests and nested suites, in order. */
  readonly children: ((report: Report) => Promise<void>)[];
}

function suite(path: string, inherited: readonly Work[] = []): Suite {
  return { path, before: [], after: [], afterEach: [...inherited], children: [] };
}
const root = suite("");
let current = root;

export const runTests = (report: Report): Promise<void> => runSuite(root, report);

/** Provides `long`, the only value that these tests inject: all their cases run. */
export const inject = (_name: "long"): boolean => true;

export const beforeAll = (work: Work): void => void current.before.push(work);
export const afterAll = (work: Work): void => void current.after.push(work);
export const afterEach = (work: Work): void => void current.afterEach.push(work);

export const describe = withEach((name, body) => {
  const outer = current;
  const inner = suite(`${outer.path}${name} > `, outer.afterEach);
  outer.children.push((report) => runSuite(inner, report));
  current = inner;
  body();
  current = outer;
});

export const test = withEach((name, body) => {
  const { path, afterEach: after, children } = current;
  children.push(async (report) => {
    report(path + name, [...(await errorsOf([body])), ...(await errorsOf(after))]);
  });
});

async function runSuite({ path, before, after, children }: Suite, report: Report): Promise<void> {
  const early = await errorsOf(before);
  if (early.length > 0) report(`${path}beforeAll`, early);
  else for (const child of children) await child(report);
  const late = await errorsOf(after);
  if (late.length > 0) report(`${path}afterAll`, late);
}

async function errorsOf(works: readonly Work[]): Promise<unknown[]> {
  const errors: unknown[] = [];
  for (const work of works) await (async () => work())().catch((error) => errors.push(error));
  return errors;
}

/** Adds `each`, which runs the body per case: an array is its arguments, anything else its only argument. */
function withEach(declare: (name: string, body: Work) => void) {
  const each = (cases: readonly unknown[]) => (name: string, body: Body) => {
    for (const one of cases) {
      const args: readonly unknown[] = Array.isArray(one) ? one : [one];
      declare(titled(name, args), () => body(...args));
    }
  };
  return Object.assign(declare, { each });
}

/** Fills in a title: "%s" stands for the next argument, "$key" for a property of the first. */
function titled(name: string, args: readonly unknown[]): string {
  const rest = [...args];
  const properties = new Map<string, unknown>(Object.entries(Object(args[0])));
  return name.replace(/%s|\$(\w+)/g, (_, key?: string) => String(key ? properties.get(key) : rest.shift()));
}

const MATCHERS: Readonly<Record<string, (found: unknown, ...wanted: readonly unknown[]) => boolean>> = {
  toBe: (found, wanted) => Object.is(found, wanted),
  toEqual: (found, wanted) => isDeepStrictEqual(found, wanted),
  toBeLessThan: (found, wanted) => Number(found) < Number(wanted),
  toBeGreaterThan: (found, wanted) => Number(found) > Number(wanted),
  toBeGreaterThanOrEqual: (found, wanted) => Number(found) >= Number(wanted),
  toBeCloseTo: (a, b, digits = 2) => Math.abs(Number(a) - Number(b)) < 10 ** -Number(digits) / 2,
  toHaveLength: (found, wanted) => Object(found).length === wanted,
  toContain: (found, wanted) => String(found).includes(String(wanted)),
  toMatch: (found, wanted) => wanted instanceof RegExp && wanted.test(String(found)),
  toThrow: (found, wanted) => {
    const error = typeof found === "function" ? thrownBy(found) : found;
    if (wanted instanceof RegExp) return error instanceof Error && wanted.test(error.message);
    return typeof wanted === "function" ? error instanceof wanted : error !== undefined;
  },
};

function thrownBy(work: Function): unknown {
  try {
    return void work();
  } catch (error) {
    return error;
  }
}

export function expect(found: unknown, message = "") {
  const matchers = (not: "" | "not.", against: (check: (subject: unknown) => void) => unknown) => {
    const checked = Object.entries(MATCHERS).map(([name, matches]) => {
      const check = (wanted: readonly unknown[]) => (subject: unknown) => {
        if (matches(subject, ...wanted) === (not === "")) return;
        const [shown, ...list] = [subject, ...wanted].map((value) => inspect(value, { maxArrayLength: 8 }));
        throw new Error(`${message} expected ${shown} ${not}${name}(${list.join(", ")})`.trim());
      };
      return [name, (...wanted: unknown[]) => against(check(wanted))];
    });
    return Object.fromEntries(checked);
  };
  const rejection = async (): Promise<unknown> => {
    const [outcome] = await Promise.allSettled([found]);
    return outcome.status === "rejected" ? outcome.reason : undefined;
  };
  return {
    ...matchers("", (check) => check(found)),
    not: matchers("not.", (check) => check(found)),
    rejects: matchers("", async (check) => check(await rejection())),
  };
}

const restorations: Work[] = [];

export const vi = {
  /** Records the calls of a method, which keeps its behaviour until the mock is given another. */
  spyOn(object: object, key: string) {
    const own = Object.getOwnPropertyDescriptor(object, key);
    const original: unknown = Reflect.get(object, key);
    if (typeof original !== "function") throw new TypeError(`${key} is no method`);
    const mock: { readonly calls: unknown[][]; behaviour: Function } = { calls: [], behaviour: original };
    const value = function (this: unknown, ...args: unknown[]): unknown {
      mock.calls.push(args);
      return Reflect.apply(mock.behaviour, this, args);
    };
    Object.defineProperty(object, key, { configurable: true, value });
    restorations.push(() =>
      Object.defineProperty(object, key, own ?? { value: original, configurable: true }),
    );
    return {
      mock,
      mockResolvedValue: (resolved: unknown) => void (mock.behaviour = () => Promise.resolve(resolved)),
      mockImplementation: (behaviour: Function) => void (mock.behaviour = behaviour),
    };
  },
  restoreAllMocks: () => restorations.splice(0).forEach((restore) => restore()),
};
