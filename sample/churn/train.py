"""Trains the model: train.py --out FOLDER --seed NUMBER. Leaves model.json and metrics.json there."""

import argparse
import hashlib
import json
import pathlib

import flowers
import softmax


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--params", type=pathlib.Path, default=pathlib.Path(__file__).with_name("params.json"))
    arguments = parser.parse_args()
    params = json.loads(arguments.params.read_text())

    rows, labels = flowers.training()
    data = flowers.digest(rows, labels)
    rows, labels = flowers.resampled(flowers.columns(rows, params["features"]), labels, arguments.seed)
    names = ", ".join(params["features"])
    print(f"{len(labels)} flowers, {names}; data sha256:{data[:6]}…, seed {arguments.seed}", flush=True)

    settings = dict(
        features=params["features"],
        classes=flowers.SPECIES,
        learning_rate=params["learning_rate"],
        epochs=params["epochs"],
    )
    scores = {}
    for penalty in params["penalties"]:
        scores[penalty] = softmax.cross_validated(rows, labels, params["folds"], penalty=penalty, **settings)
        print(f"penalty {penalty:g}: accuracy {scores[penalty]:.3f} over {params['folds']} folds", flush=True)
    penalty = max(params["penalties"], key=scores.get)

    model, losses = softmax.fit(rows, labels, penalty=penalty, **settings)
    text = model.text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "model.json").write_text(text)
    metrics = {
        "accuracy_cross_validated": scores[penalty],
        "accuracy_training": softmax.accuracy(model, rows, labels),
        "loss": losses[-1],
        "penalty": penalty,
        "epochs": params["epochs"],
        "data_sha256": data,
        "model_sha256": digest,
        "losses": [round(loss, 5) for loss in losses[:: max(1, len(losses) // 200)]],
    }
    (arguments.out / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    size = sum(file.stat().st_size for file in arguments.out.iterdir())
    print(f"{arguments.out}/ {size / 1000:.1f} KB, sha256:{digest[:6]}…")


if __name__ == "__main__":
    main()
