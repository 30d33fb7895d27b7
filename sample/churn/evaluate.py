"""Tries a model on flowers it has not seen, and writes what came of it: evaluate.py FOLDER --metrics FILE."""

import argparse
import json
import pathlib

import flowers
import softmax


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--metrics", type=pathlib.Path, default=pathlib.Path("metrics.json"))
    arguments = parser.parse_args()

    model = softmax.Classifier.parse((arguments.model / "model.json").read_text())
    rows, labels = flowers.held_out()
    found = model.predict(flowers.columns(rows, model.features))
    reached = float((found == labels).mean())
    metrics = {"accuracy": reached}
    for number, species in enumerate(flowers.SPECIES):
        metrics[f"recall_{species}"] = float((found[labels == number] == number).mean())
        print(f"recall {metrics[f'recall_{species}']:.3f}  {species}")
    arguments.metrics.write_text(json.dumps(metrics, indent=1) + "\n")

    print(f"accuracy {reached:.3f}")


if __name__ == "__main__":
    main()
