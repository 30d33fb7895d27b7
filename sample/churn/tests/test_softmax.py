import unittest

import numpy as np

import flowers
import softmax


def trained(epochs=200, **changes):
    rows, labels = flowers.draw(40, seed=11)
    settings = dict(features=flowers.FEATURES, classes=flowers.SPECIES, learning_rate=0.3, epochs=epochs, penalty=0.0)
    return softmax.fit(rows, labels, **{**settings, **changes})


class SoftmaxTest(unittest.TestCase):
    def test_probabilities_sum_to_one(self):
        model, _ = trained()
        np.testing.assert_allclose(model.probabilities(flowers.draw(5, seed=1)[0]).sum(axis=1), 1)

    def test_large_scores_do_not_overflow(self):
        self.assertTrue(np.isfinite(softmax.softmax(np.array([[1e5, -1e5, 0.0]]))).all())

    def test_the_loss_falls(self):
        _, losses = trained()
        self.assertLess(losses[-1], losses[0] / 3)

    def test_training_twice_gives_the_same_bytes(self):
        self.assertEqual(trained()[0].text(), trained()[0].text())

    def test_a_penalty_keeps_weights_small(self):
        free, held = trained(penalty=0.0)[0], trained(penalty=0.5)[0]
        self.assertLess(np.abs(held.weights).sum(), np.abs(free.weights).sum())

    def test_a_model_file_reads_back_as_it_was(self):
        model, _ = trained()
        self.assertEqual(softmax.Classifier.parse(model.text()).text(), model.text())

    def test_a_plain_setosa_is_a_setosa(self):
        model, _ = trained()
        self.assertEqual(flowers.SPECIES[model.predict([5.1, 3.5, 1.4, 0.2])[0]], "setosa")
