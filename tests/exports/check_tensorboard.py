"""The event files, read by TensorBoard: its reader in Python, the backend of its HParams plugin, and its own server."""

import json
import pathlib
import time
import urllib.error
import urllib.parse
import urllib.request

import numpy
from tensorboard import context, default, program
from tensorboard.backend.event_processing import data_provider, event_accumulator, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups

from store import Study, same


def single(value: float) -> float:
    """The number as a scalar of TensorBoard's, which has 32 bits."""
    return float(numpy.float32(value))


def check(folder: pathlib.Path, study: Study) -> None:
    runs = sorted(path for path in folder.iterdir() if path.is_dir())
    chosen = study.chosen()
    assert len(runs) == len(chosen)
    for run, trial in zip(runs, chosen):
        assert int(run.name.removeprefix("trial_")) == trial["trial"]
        check_scalars(run, study.reports_of[trial["trial"]], study)
    check_hparams(folder, chosen, study)
    check_server(folder, chosen, study)


def check_scalars(run: pathlib.Path, reports, study: Study) -> None:
    accumulator = event_accumulator.EventAccumulator(str(run), size_guidance={event_accumulator.SCALARS: 0})
    accumulator.Reload()
    wanted = {}
    for report in reports:
        for name, value in report["attributes"].items():
            if not isinstance(value, str) and name != study.time_attr and name in study.columns:
                wanted.setdefault(name, []).append((report["step"], float(value)))
    assert set(accumulator.Tags()["scalars"]) == wanted.keys()
    for name, points in wanted.items():
        found = [(event.step, event.value) for event in accumulator.Scalars(name)]
        assert len(found) == len(points)
        for (step, value), (wanted_step, wanted_value) in zip(found, points):
            assert step == wanted_step and same(value, single(wanted_value)), f"{name}: {step} {value}"


def check_hparams(folder: pathlib.Path, chosen, study: Study) -> None:
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(folder))
    backend = backend_context.Context(base_plugin.TBContext(data_provider=provider))
    request = context.RequestContext()
    experiment = get_experiment.Handler(request, backend, "", api_pb2.GetExperimentRequest()).run()
    assert study.has_name(experiment.name)
    assert {info.name for info in experiment.hparam_infos} == study.searched().keys()
    assert [info.name.tag for info in experiment.metric_infos] == [study.reward_attr]
    asked = api_pb2.ListSessionGroupsRequest(
        start_index=0,
        slice_size=1000,
        allowed_statuses=list(api_pb2.Status.values()),
        col_params=[{"hparam": name} for name in study.searched()],
    )
    listed = list_session_groups.Handler(request, backend, "", asked).run()
    groups = {group.name: group for group in listed.session_groups}
    assert len(groups) == len(chosen) or not study.searched()
    for trial in chosen:
        group = groups[f"trial {trial['trial']}"]
        wanted = {name: it for name, it in trial["config"].items() if name in study.searched()}
        assert group.hparams.keys() == wanted.keys(), (group.hparams, wanted)
        for name, value in wanted.items():
            found = group.hparams[name]
            there = getattr(found, found.WhichOneof("kind"))
            # Integers are reals there, and values of several kinds texts.
            is_same = there == str(value) or there == str(value).lower() or not isinstance(value, str) and there == float(value)
            assert is_same, f"{name} is {there!r}, not {value!r}"
        rewards = [study.reward(report) for report in study.reports_of[trial["trial"]]]
        rewards = [reward for reward in rewards if reward is not None]
        assert [metric.value for metric in group.metric_values] == [single(reward) for reward in rewards[-1:]]


def until(ask, is_loaded):
    """The answer once the server has read the files, which it does beside answering."""
    for _ in range(100):
        try:
            answer = ask()
            if is_loaded(answer):
                return answer
        except urllib.error.HTTPError as error:
            # The plugin refuses where it has seen no experiment yet.
            assert error.code == 400, error
        time.sleep(0.1)
    raise AssertionError("TensorBoard's server has not read the files in 10 s")


def check_server(folder: pathlib.Path, chosen, study: Study) -> None:
    """TensorBoard's program, which reads event files with a reader of its own."""
    board = program.TensorBoard(plugins=default.get_plugins())
    board.configure(argv=[None, "--logdir", str(folder), "--port", "0", "--load_fast", "auto", "--reload_interval", "0"])
    address = board.launch()

    def ask(path: str, body=None):
        request = urllib.request.Request(f"{address}data/{path}", data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    rewarded = [trial for trial in chosen if trial["reward"] is not None]
    tags = until(lambda: ask("plugin/scalars/tags"), lambda tags: len(tags) >= len(rewarded))
    for trial in chosen:
        run = next((run for run in tags if run.startswith("trial_") and int(run.removeprefix("trial_")) == trial["trial"]), None)
        rewards = [study.reward(report) for report in study.reports_of[trial["trial"]]]
        assert (run is not None and study.reward_attr in tags[run]) == any(it is not None for it in rewards)
    for trial in rewarded[:3]:
        run = next(run for run in tags if run.startswith("trial_") and int(run.removeprefix("trial_")) == trial["trial"])
        query = urllib.parse.urlencode({"tag": study.reward_attr, "run": run})
        points = ask(f"plugin/scalars/scalars?{query}")
        wanted = [(it["step"], study.reward(it)) for it in study.reports_of[trial["trial"]]]
        wanted = [(step, reward) for step, reward in wanted if reward is not None]
        steps = [step for step, _ in wanted]
        if steps != sorted(set(steps)):
            # Of steps that do not ascend the server keeps what it likes.
            assert {step for _, step, _ in points} <= set(steps)
            continue
        assert [step for _, step, _ in points] == steps
        assert all(same(float(found), single(reward)) for (_, _, found), (_, reward) in zip(points, wanted)), points
    experiment = until(lambda: ask("plugin/hparams/experiment", b"{}"), lambda answer: "hparamInfos" in answer)
    assert {info["name"] for info in experiment["hparamInfos"]} == study.searched().keys()
