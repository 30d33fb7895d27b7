import unittest

import numpy as np

import flowers


class FlowersTest(unittest.TestCase):
    def test_the_same_seed_gives_the_same_flowers(self):
        first, second = flowers.draw(20, seed=3), flowers.draw(20, seed=3)
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(first[1], second[1])

    def test_another_seed_gives_other_flowers(self):
        self.assertFalse(np.array_equal(flowers.draw(20, seed=3)[0], flowers.draw(20, seed=4)[0]))

    def test_each_species_has_its_count(self):
        _, labels = flowers.draw(20, seed=3)
        self.assertEqual(np.bincount(labels).tolist(), [20, 20, 20])

    def test_measurements_are_positive(self):
        rows, _ = flowers.training()
        self.assertGreater(rows.min(), 0)

    def test_the_species_have_their_published_means(self):
        rows, labels = flowers.draw(20_000, seed=5)
        for species, mean in enumerate(flowers.MEANS):
            np.testing.assert_allclose(rows[labels == species].mean(axis=0), mean, atol=0.05)

    def test_columns_keep_the_order_asked_for(self):
        rows = np.array([[1.0, 2.0, 3.0, 4.0]])
        self.assertEqual(flowers.columns(rows, ["petal_width", "sepal_length"]).tolist(), [[4.0, 1.0]])

    def test_held_out_flowers_are_not_the_training_ones(self):
        self.assertNotEqual(flowers.digest(*flowers.training()), flowers.digest(*flowers.held_out()))
