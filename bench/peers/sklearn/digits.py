"""The MNIST files, for the scripts beside this one."""

import os

import numpy as np


def idx(folder, name):
    """The bytes of an IDX file: (rows, ...), from zero."""
    with open(os.path.join(folder, name), "rb") as file:
        dimensions = file.read(4)[3]
        shape = np.frombuffer(file.read(4 * dimensions), ">u4")
        return np.frombuffer(file.read(), np.uint8).reshape(shape)


def digits(folder, which):
    """(rows, 784) bytes and (rows) labels of "train" or "t10k"."""
    images, labels = idx(folder, f"{which}-images-idx3-ubyte"), idx(folder, f"{which}-labels-idx1-ubyte")
    return images.reshape(len(images), -1), labels
