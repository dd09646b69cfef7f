"""Cross-validates a classifier of scikit-learn on the breast cancer data.

A plain program, started by `start.py`: it reads its configuration and seed from files, and writes a line to
`/trialbox/report` after each fold, with the mean accuracy up to there.
"""

import json

import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

FOLDS = 5


def classifier(config, seed):
    if config["model"] == "forest":
        return RandomForestClassifier(
            n_estimators=config["model.forest.trees"], max_depth=config["model.forest.depth"], random_state=seed
        )
    return make_pipeline(StandardScaler(), SVC(C=config["model.svc.c"], gamma=config["model.svc.gamma"]))


def main():
    with open("/trialbox/config.json") as file:
        config = json.load(file)
    with open("/trialbox/seed") as file:
        seed = int(file.read()) % 2**32
    table = numpy.loadtxt("/data/breast-cancer", delimiter=",")
    features, labels = table[:, :-1], table[:, -1].astype(int)
    accuracies = []
    # The same folds for every trial, so that configurations are compared on the same rows.
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    with open("/trialbox/report", "w") as report:
        for fold, (training, validation) in enumerate(folds.split(features, labels), start=1):
            model = classifier(config, seed).fit(features[training], labels[training])
            accuracies.append(model.score(features[validation], labels[validation]))
            print(json.dumps({"fold": fold, "accuracy": float(numpy.mean(accuracies))}), file=report, flush=True)


main()
