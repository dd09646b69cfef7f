"""The SQLite file, read by Optuna and by the server of optuna-dashboard."""

import json
import math
import pathlib
import sys

import optuna
import optuna_dashboard
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from store import SECOND, Study


def check(path: pathlib.Path, study: Study) -> None:
    before = path.read_bytes()
    address = f"sqlite:///{path}"
    loaded = optuna.load_study(study_name=None, storage=address)
    assert study.has_name(loaded.study_name)
    assert loaded.direction == optuna.study.StudyDirection.MAXIMIZE
    assert loaded.metric_names == [study.reward_attr]
    assert loaded.user_attrs["digest"] == study.digest
    assert loaded.user_attrs["spec"] == study.spec
    assert len(loaded.trials) == len(study.trials)
    for found, trial in zip(loaded.trials, study.trials):
        check_trial(found, trial, study)
    check_best(loaded, study)
    check_dashboard(address, study)
    assert len(loaded.trials_dataframe()) == len(study.trials)
    assert path.read_bytes() == before, "reading it changes it: its schema is not what Optuna makes"


def state(trial, study: Study) -> TrialState:
    match trial["class"]:
        case "completed":
            return TrialState.COMPLETE
        case "stopped":
            return TrialState.PRUNED
        case "failed":
            return TrialState.FAIL
    return TrialState.PRUNED if study.is_over else TrialState.RUNNING


def check_trial(found, trial, study: Study) -> None:
    assert found.number == trial["trial"]
    assert found.state == state(trial, study), (found, trial)
    searched = study.searched()
    wanted = {name: it for name, it in trial["config"].items() if name in searched}
    assert found.params == wanted, (found.params, wanted)
    for name, distribution in found.distributions.items():
        check_distribution(distribution, searched[name]["domain"])
    is_valued = found.state in (TrialState.COMPLETE, TrialState.PRUNED) and trial["reward"] is not None
    assert found.values == ([trial["reward"]] if is_valued else None)
    steps = {}
    for report in study.reports_of[trial["trial"]]:
        if study.reward(report) is not None:
            steps[report["step"]] = study.reward(report)
    assert found.intermediate_values == steps
    assert found.user_attrs["seed"] == trial["seed"]
    assert found.user_attrs["start_seconds"] == trial["start_time"] / SECOND
    if trial["outcome"] is not None:
        assert found.user_attrs["fuel"] == trial["fuel"]
        assert found.user_attrs["end_seconds"] == trial["end_time"] / SECOND
    assert found.datetime_start is not None
    assert (found.datetime_complete is None) == (found.state == TrialState.RUNNING)


def check_distribution(distribution, domain) -> None:
    if domain == "boolean":
        assert distribution == CategoricalDistribution((False, True))
        return
    ((kind, it),) = domain.items()
    match kind:
        case "real":
            assert distribution == FloatDistribution(it["lower"], it["upper"], log=it["log"])
        case "integer":
            assert distribution == IntDistribution(it["lower"], it["upper"], log=it["log"])
        case "choice":
            assert distribution == CategoricalDistribution(tuple(it))


def check_best(loaded, study: Study) -> None:
    best = study.best([trial for trial in study.trials if trial["class"] == "completed"])
    if best is None:
        try:
            loaded.best_trial
        except ValueError:
            return
        raise AssertionError("there is a best trial where none has completed")
    assert loaded.best_value == best["reward"]
    ties = [trial for trial in study.trials if trial["class"] == "completed" and trial["reward"] == best["reward"]]
    assert loaded.best_params in [{name: it["config"][name] for name in study.searched() if name in it["config"]} for it in ties]


def get(app, path: str):
    """Asks the server without a network."""
    said = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path.partition("?")[0],
        "QUERY_STRING": path.partition("?")[2],
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }
    body = b"".join(app(environ, lambda status, headers, *_: said.append(status)))
    assert said[0].startswith("200"), f"{path}: {said[0]} {body[:500]!r}"
    return body


def finite(constant: str):
    raise AssertionError(f"browsers do not read {constant}")


def check_dashboard(address: str, study: Study) -> None:
    app = optuna_dashboard.wsgi(address)
    (summary,) = json.loads(get(app, "/api/studies"), parse_constant=finite)["study_summaries"]
    assert study.has_name(summary["study_name"])
    detail = json.loads(get(app, f"/api/studies/{summary['study_id']}"), parse_constant=finite)
    assert len(detail["trials"]) == len(study.trials)
    for found, trial in zip(detail["trials"], study.trials):
        assert found["number"] == trial["trial"]
        assert TrialState[found["state"].upper()] == state(trial, study)
        for value, wanted in zip(found.get("values", []), [trial["reward"]]):
            assert float(value) == wanted and math.isfinite(wanted)
    get(app, f"/csv/{summary['study_id']}")
