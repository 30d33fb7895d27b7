"""A classifier: softmax regression by gradient descent."""

import json

import numpy as np


class Classifier:
    """Weights (features, classes) and biases over standardized measurements."""

    def __init__(self, features, classes, centre, scale, weights, biases):
        self.features, self.classes = list(features), list(classes)
        self.centre, self.scale = np.asarray(centre, float), np.asarray(scale, float)
        self.weights, self.biases = np.asarray(weights, float), np.asarray(biases, float)

    def probabilities(self, rows):
        """The probability of each class for each row."""
        return softmax((np.atleast_2d(rows) - self.centre) / self.scale @ self.weights + self.biases)

    def predict(self, rows):
        """The number of the likeliest class of each row."""
        return self.probabilities(rows).argmax(axis=1)

    def text(self):
        """The model file: JSON that a reader needs no numpy for. The same model gives the same bytes."""
        return json.dumps(
            {
                "version": 1,
                "features": self.features,
                "classes": self.classes,
                "centre": self.centre.tolist(),
                "scale": self.scale.tolist(),
                "weights": self.weights.tolist(),
                "biases": self.biases.tolist(),
            },
            indent=1,
        )

    @classmethod
    def parse(cls, text):
        """Reads a model file."""
        read = json.loads(text)
        return cls(*(read[key] for key in ("features", "classes", "centre", "scale", "weights", "biases")))


def softmax(scores):
    """Scores as probabilities, row by row, without overflow."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def fit(rows, labels, features, classes, learning_rate, epochs, penalty):
    """A classifier for the rows, and its loss after each epoch."""
    centre, scale = rows.mean(axis=0), rows.std(axis=0)
    inputs = (rows - centre) / scale
    wanted = np.eye(len(classes))[labels]
    weights, biases = np.zeros((rows.shape[1], len(classes))), np.zeros(len(classes))
    losses = []
    for _ in range(epochs):
        given = softmax(inputs @ weights + biases)
        losses.append(float(-np.log(given[np.arange(len(labels)), labels]).mean()))
        error = (given - wanted) / len(labels)
        weights -= learning_rate * (inputs.T @ error + penalty * weights)
        biases -= learning_rate * error.sum(axis=0)
    return Classifier(features, classes, centre, scale, weights, biases), losses


def accuracy(model, rows, labels):
    """The share of rows whose class the model names."""
    return float((model.predict(rows) == labels).mean())


def cross_validated(rows, labels, folds, **settings):
    """The mean accuracy over folds: each is judged by a model that did not see it."""
    parts = np.array_split(np.arange(len(labels)), folds)
    scores = []
    for part in parts:
        seen = np.setdiff1d(np.arange(len(labels)), part)
        model, _ = fit(rows[seen], labels[seen], **settings)
        scores.append(accuracy(model, rows[part], labels[part]))
    return float(np.mean(scores))
