"""The data: measurements of flowers of three species, in centimetres.

They are drawn, not measured: each species has the mean and spread that are published for it, and a size that makes
long petals go with long sepals. The same seed gives the same flowers on every machine.
"""

import hashlib

import numpy as np

SPECIES = ("setosa", "versicolor", "virginica")
FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")

MEANS = np.array([[5.01, 3.43, 1.46, 0.25], [5.94, 2.77, 4.26, 1.33], [6.59, 2.97, 5.55, 2.03]])
SPREADS = np.array([[0.35, 0.38, 0.17, 0.11], [0.52, 0.31, 0.47, 0.20], [0.64, 0.32, 0.55, 0.27]])
# How much of a flower's deviation is its size, which all four measurements share.
SIZE_SHARE = 0.6


def draw(count, seed):
    """`count` flowers of each species: measurements (n, 4), to a tenth of a centimetre, and species numbers (n,)."""
    random = np.random.default_rng(seed)
    rows, labels = [], []
    for species, (mean, spread) in enumerate(zip(MEANS, SPREADS)):
        size = random.normal(size=(count, 1))
        own = random.normal(size=(count, len(FEATURES)))
        deviation = SIZE_SHARE**0.5 * size + (1 - SIZE_SHARE) ** 0.5 * own
        rows.append(np.maximum(mean + spread * deviation, 0.1))
        labels.append(np.full(count, species))
    order = random.permutation(count * len(SPECIES))
    return np.round(np.concatenate(rows), 1)[order], np.concatenate(labels)[order]


def training():
    """The flowers a model learns from."""
    return draw(200, seed=1936)


def held_out():
    """The flowers a model is judged on: none of those it learned from."""
    return draw(300, seed=1988)


def resampled(rows, labels, seed):
    """As many flowers, drawn from these with replacement: what another collector might have found."""
    picked = np.random.default_rng(seed).integers(len(labels), size=len(labels))
    return rows[picked], labels[picked]


def columns(rows, features):
    """Those measurements of each flower, in that order."""
    return rows[:, [FEATURES.index(name) for name in features]]


def digest(rows, labels):
    """A SHA-256 that names these data."""
    bytes_of = lambda values: np.ascontiguousarray(values, dtype="<f8").tobytes()
    return hashlib.sha256(bytes_of(rows) + bytes_of(labels)).hexdigest()
