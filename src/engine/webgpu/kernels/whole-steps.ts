/** Cuts a small problem for the kernel that takes whole steps in one workgroup. */

/** Vectors of four in the workgroup memory that every device has, 16 KiB. */
const MEMORY = 1024;
/** Most threads of a workgroup, on every device. */
const MOST_THREADS = 256;
/** Most loop iterations of a thread: llvmpipe silently ends a thread's loops after 65,535 in all. */
const MOST_TURNS = 60_000;
/** Most steps in one dispatch. */
const MOST_STEPS = 2048;

export interface WholeCut {
  /** Steps per dispatch. */
  readonly steps: number;
  /** Threads that share vectors of features; each adds every so many rows. */
  readonly lanes: number;
  /** Groups of `vectors` vectors of features: each thread has one of them. The last may have none. */
  readonly columns: number;
  readonly vectors: number;
  /** Rows per thread, and threads that compute residuals in a turn. */
  readonly rows: number;
  readonly rowThreads: number;
  /** Vectors of the workgroup's memory for residuals, and then for the sums of lanes. */
  readonly shared: number;
}

/**
 * Returns the cut, or undefined where it does not fit in a workgroup, or a step takes too long.
 *
 * @param subgroupSize - lanes of the subgroups that threads fill if they share vectors, or 0
 */
export function cutWhole(
  {
    features4,
    classes,
    batchSize,
  }: { readonly features4: number; readonly classes: number; readonly batchSize: number },
  { rows, vectors, span: lanes }: { readonly rows: number; readonly vectors: number; readonly span: number },
  subgroupSize = 0,
): WholeCut | undefined {
  const unit = vectors < features4 ? Math.max(1, subgroupSize / lanes) : 1;
  const columns = unit * Math.ceil(features4 / vectors / unit);
  const threads = lanes * columns;
  const classes4 = Math.ceil(classes / 4);
  const count = 4 * features4 * classes4;
  const planes = 4 * vectors + 1;
  const room = MEMORY - count;
  const isOwn = columns === 1; // no residuals are shared
  if (vectors > features4 || threads > MOST_THREADS || planes * threads > room || (isOwn && rows > 1))
    return undefined;
  const ofLanes = (wanted: number, round: (value: number) => number) => lanes * round(wanted / lanes);
  const rowThreads = Math.min(
    threads,
    ofLanes(batchSize / rows, Math.ceil),
    ofLanes(room / (rows * (classes4 + 1)), Math.floor),
  );
  if (rowThreads < lanes) return undefined;
  const turns =
    Math.ceil(batchSize / (rows * rowThreads)) * (features4 + 1) +
    Math.ceil(batchSize / lanes) +
    classes4 * (Math.log2(lanes) + 5 * vectors);
  const steps = Math.min(MOST_STEPS, Math.floor(MOST_TURNS / turns));
  const shared = Math.max(planes * threads, isOwn ? 0 : rows * rowThreads * (classes4 + 1));
  return steps > 0 ? { steps, lanes, columns, vectors, rows, rowThreads, shared } : undefined;
}
