"""Times LogisticRegressionCV, all cores, as `npm run bench:sweep` asks.

python3 time_sklearn_cv.py data|time digits|mnist FOLDER MNIST_FOLDER ROWS FOLDS C,C,…

`data` writes FOLDER/NAME.bytes and FOLDER/NAME.labels, a byte a value, for smigh. `time` fits the same in f64, from 0 to 1,
in two ways. As it is by default: tol=1e-4, which this solver compares to the gradient of the SUM of the losses, so that hardly a
fit of little penalty ends before its 100 iterations. And with tol=1e-4 of the mean, times the rows of a fit, and up to 1000
iterations. Gradients are then a tenth of what smigh's tolerance on folds, 1e-3, allows; but smigh also asks that the objective is
near its minimum, by its own estimate.
"""

import os
import sys
import time
import warnings

WHAT, NAME, FOLDER, MNIST, ROWS, FOLDS, STRENGTHS = sys.argv[1:]
TOLERANCE = 1e-4
# As many as of smigh: the first, in which processes start, and the best count.
RUNS = {"digits": 10, "mnist": 1}[NAME]

# Also in the processes that it starts: the iterations are told below.
os.environ["PYTHONWARNINGS"] = "ignore"
warnings.simplefilter("ignore")

try:
    import numpy as np
    import sklearn
    from blas import blas
    from digits import digits
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegressionCV
except ImportError as missing:
    sys.exit(f"{sys.executable} has no scikit-learn ({missing}). Install it there, or name another Python in PYTHON.")


def data():
    """(rows, features) bytes, (rows) labels, and the largest byte."""
    if NAME == "digits":
        x, labels = load_digits(return_X_y=True)
        return x.astype(np.uint8), labels.astype(np.uint8), 16
    x, labels = digits(MNIST, "train")
    return x[: int(ROWS)], labels[: int(ROWS)], 255


x, labels, most = data()
if WHAT == "data":
    x.tofile(os.path.join(FOLDER, f"{NAME}.bytes"))
    labels.tofile(os.path.join(FOLDER, f"{NAME}.labels"))
    sys.exit()

x = x / most
strengths = [float(C) for C in STRENGTHS.split(",")]
ways = {
    "as it is by default, tol=1e-4 of the sum, max_iter=100": {},
    f"tol={TOLERANCE} × rows, max_iter=1000": {"tol": TOLERANCE * len(x) * (1 - 1 / int(FOLDS)), "max_iter": 1000},
}
for way, options in ways.items():
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        model = LogisticRegressionCV(Cs=strengths, cv=int(FOLDS), n_jobs=-1, **options).fit(x, labels)
        seconds.append(time.perf_counter() - began)
    scores = next(iter(model.scores_.values())).mean(axis=0)
    limit = options.get("max_iter", 100)
    print(
        f"scikit-learn {sklearn.__version__}, {os.cpu_count()} cores, f64, {blas()}, {way}\n"
        f"  {min(seconds):.2f} s, the first time {seconds[0]:.2f} s, {model.n_iter_.sum()} iterations without the last fit's, "
        f"{(model.n_iter_ >= limit).sum()} of {model.n_iter_.size} fits ended at the limit\n"
        f"  C = {model.C_[0]:.3g} of accuracy {scores.max():.5f}\n"
        f"  accuracies {' '.join(f'{score:.4f}' for score in scores)}",
        flush=True,
    )
