"""The file store, read by MLflow's client."""

import os
import pathlib
import sqlite3
import subprocess
import sys

# Since release 3 MLflow reads a file store only if it is told to.
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

from mlflow.entities import ViewType  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

from store import Study, same  # noqa: E402


def check(folder: pathlib.Path, study: Study) -> None:
    client = MlflowClient(folder.resolve().as_uri())
    (experiment,) = client.search_experiments()
    assert study.has_name(experiment.name)
    assert experiment.tags["trialbox.digest"] == study.digest
    chosen = study.chosen()
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000)
    by_trial = {int(run.data.tags["trialbox.trial"]): run for run in runs}
    assert by_trial.keys() == {trial["trial"] for trial in chosen}
    for trial in chosen:
        check_run(client, by_trial[trial["trial"]], trial, study)
    if not study.name.isprintable():
        # The hardest one stands for all: it takes MLflow seconds.
        check_migration(folder, len(chosen))


def check_migration(folder: pathlib.Path, runs: int) -> None:
    """MLflow moves the runs into a database, which is what it recommends."""
    database = folder.with_suffix(".db")
    command = [sys.executable, "-m", "mlflow", "migrate-filestore", "--source", folder, "--target", f"sqlite:///{database}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert sqlite3.connect(database).execute("SELECT count(*) FROM runs").fetchone() == (runs,)


def status(trial, study: Study) -> str:
    match trial["class"]:
        case "completed":
            return "FINISHED"
        case "stopped":
            return "KILLED"
        case "failed":
            return "FAILED"
    if trial["paused_at"] is None:
        return "RUNNING"
    return "KILLED" if study.is_over else "SCHEDULED"


def plain(name: str) -> bool:
    """Whether a name is the name of its file."""
    return name.isascii() and name.replace("_", "").replace(".", "").isalnum() and not name.startswith(".")


def check_run(client: MlflowClient, run, trial, study: Study) -> None:
    assert run.info.run_name == f"trial {trial['trial']}"
    assert run.info.status == status(trial, study)
    assert (run.info.end_time is None) == (run.info.status in ("RUNNING", "SCHEDULED"))
    assert len(run.data.params) == len(trial["config"])
    for name, value in trial["config"].items():
        if plain(name):
            found = run.data.params[name]
            assert found == str(value) or found == str(value).lower() or is_number(found, value) or isinstance(value, str)
    wanted = {}
    for report in study.reports_of[trial["trial"]]:
        for name, value in report["attributes"].items():
            if not isinstance(value, str) and name in study.columns:
                wanted.setdefault(name, []).append((report["step"], float(value)))
    assert len(run.data.metrics) == len(wanted)
    for name, points in wanted.items():
        # Of names that differ in case only all but the first have a number behind them.
        if plain(name) and [other.lower() for other in wanted].count(name.lower()) == 1:
            history = client.get_metric_history(run.info.run_id, name)
            found = [(metric.step, metric.value) for metric in history]
            assert len(found) == len(points)
            assert all(one[0] == other[0] and same(one[1], other[1]) for one, other in zip(found, points)), found
    assert client.list_artifacts(run.info.run_id) == []


def is_number(text: str, value) -> bool:
    return isinstance(value, float) and same(float(text), value)
