"""Times scikit-learn's lbfgs on the 60,000 MNIST digits until its objective is within a relative 1e-6 of the minimum.

python3 time_sklearn_optimum.py FOLDER MINIMUM, where the folder holds the four IDX files. `npm run bench:solvers` names both.

LogisticRegression.fit cannot be asked when it got there. So this calls what it calls, scipy's L-BFGS-B on scikit-learn's
own loss and gradient with all threads, in f64 as there, and looks between iterations, with the clock stopped.
"""

import os
import sys
import time

FOLDER, MINIMUM = sys.argv[1], float(sys.argv[2])

try:
    import numpy as np
    import scipy
    import sklearn
    from blas import blas
    from digits import digits
    from scipy.optimize import minimize
    from sklearn._loss import HalfMultinomialLoss
    from sklearn.linear_model._linear_loss import LinearModelLoss
except ImportError as missing:
    print(f"scikit-learn is not measured: {sys.executable} has none ({missing}). Name another Python in PYTHON.")
    sys.exit()

CLASSES = 10
C = 1.0
EXCESS = 1e-6
LOOK_EVERY = 10
MOST = 2000


x, labels = digits(FOLDER, "train")
x = x.astype(np.float64) / 255
rows, features = x.shape
threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
loss = LinearModelLoss(base_loss=HalfMultinomialLoss(n_classes=CLASSES), fit_intercept=True)
y = labels.astype(x.dtype)
evaluations = 0


def value_and_gradient(w):
    global evaluations
    evaluations += 1
    return loss.loss_gradient(w, x, y, None, 1 / C, threads)


def excess(w):
    """Of the mean objective, in f64."""
    w = w.reshape((CLASSES, -1), order="F")
    z = x @ w[:, :-1].T + w[:, -1]
    largest = z.max(axis=1)
    losses = np.log(np.exp(z - largest[:, None]).sum(axis=1)) + largest - z[np.arange(rows), labels]
    return (losses.mean() + (w[:, :-1] ** 2).sum() / (2 * C * rows)) / MINIMUM - 1


class Arrived(Exception):
    pass


clock, began, iterations, last = 0.0, time.perf_counter(), 0, None


def look(w):
    global clock, began, iterations, last
    iterations, last = iterations + 1, w.copy()
    if iterations % LOOK_EVERY:
        return
    clock += time.perf_counter() - began
    if excess(w) <= EXCESS:
        raise Arrived
    began = time.perf_counter()


try:
    start = np.zeros(CLASSES * (features + 1), dtype=x.dtype)
    options = {"maxiter": MOST, "gtol": 1e-12}
    minimize(value_and_gradient, start, method="L-BFGS-B", jac=True, callback=look, options=options)
    print(f"scikit-learn did not get there in {iterations} iterations: F - F* = {excess(last):.1e}·F*")
except Arrived:
    print(
        f"scikit-learn {sklearn.__version__} lbfgs (scipy {scipy.__version__}, {blas()}, {threads} threads, f64): {clock:.1f} s, "
        f"{iterations} iterations, {evaluations} evaluations of loss and gradient, F - F* < {EXCESS}·F*"
    )
