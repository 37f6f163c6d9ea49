"""Times scikit-learn on the 60,000 MNIST digits: a pass, that is the loss and its gradient, and a fit by lbfgs.

python3 time_sklearn.py FOLDER, where the folder holds the four IDX files. `npm run bench:sklearn` names it.
"""

import os
import sys
import time
import warnings

FOLDER = sys.argv[1]

try:
    import numpy as np
    import sklearn
    from blas import blas
    from digits import digits
    from sklearn._loss import HalfMultinomialLoss
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.linear_model._linear_loss import LinearModelLoss
    from sklearn.metrics import log_loss
except ImportError as missing:
    print(
        f"Nothing is measured: {sys.executable} has no scikit-learn ({missing}). "
        "Install it there, or name another Python in PYTHON."
    )
    sys.exit()

PASSES = 15
# On the mean objective.
L2 = 1e-4
ITERATIONS = 100
CLASSES = 10


def time_passes(x, labels, threads):
    """Milliseconds of each pass: what lbfgs asks for at every point that it tries."""
    objective = LinearModelLoss(base_loss=HalfMultinomialLoss(n_classes=CLASSES), fit_intercept=True)
    draw = np.random.default_rng(0)
    # (classes, features + 1), in the order that scikit-learn's own fit has them.
    weights = np.asfortranarray(draw.normal(0, 0.01, (CLASSES, x.shape[1] + 1)), dtype=x.dtype)
    y = labels.astype(x.dtype)
    taken = []
    for _ in range(1 + PASSES):
        began = time.perf_counter()
        objective.loss_gradient(weights, x, y, l2_reg_strength=L2, n_threads=threads)
        taken.append(1000 * (time.perf_counter() - began))
    return sorted(taken[1:])  # the first one warms up


def time_fit(x, labels):
    """Seconds, and the fitted model."""
    model = LogisticRegression(solver="lbfgs", C=1 / (L2 * len(x)), max_iter=ITERATIONS)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the iterations are told
        model.fit(x, labels)
    return time.perf_counter() - began, model


def scaled(which):
    """(rows, 784) in f32 from 0 to 1, and (rows) labels."""
    x, labels = digits(FOLDER, which)
    return x.astype(np.float32) / 255, labels


x, labels = scaled("train")
test_x, test_labels = scaled("t10k")
rows, features = x.shape
threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
print(
    f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, {blas()}, {threads} threads: "
    f"{rows} digits × {features} features, {CLASSES} classes"
)

for kind in ("float32", "float64"):
    passes = time_passes(x.astype(kind), labels, threads)
    median = passes[len(passes) // 2]
    gflops = 4 * rows * features * CLASSES / median / 1e6
    print(
        f"one pass, {kind}      {median:.1f} ms ({passes[0]:.1f} – {passes[-1]:.1f}), "
        f"{1000 * rows / median:,.0f} examples/s, {gflops:.1f} GFLOP/s",
        flush=True,
    )

seconds, model = time_fit(x, labels)
iterations = model.n_iter_[0]
ended = "its limit" if iterations >= ITERATIONS else "converged"
print(
    f"fit by lbfgs, float32  {seconds:.1f} s, {iterations} iterations ({ended}), l2 {L2}: "
    f"loss {log_loss(labels, model.predict_proba(x)):.4f}, "
    f"test accuracy {100 * model.score(test_x, test_labels):.2f} %"
)
