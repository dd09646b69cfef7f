"""What a study's store says: the truth that exports are compared with."""

import json
import math
import pathlib
import sqlite3

SECOND = 1_000_000_000
BEST_TRIALS = 100
COLUMNS_MAX = 1000


def value(written):
    """A value of a configuration or a report, as Python has it."""
    return float(written["real"]) if isinstance(written, dict) else written


def same(one, other) -> bool:
    """Whether two values are equal; NaN is equal to itself, and true is not 1."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return one == other and isinstance(one, bool) == isinstance(other, bool)


class Study:
    """A study's first event and its views `trials` and `reports`."""

    def __init__(self, path: pathlib.Path):
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        (payload,) = connection.execute("SELECT payload FROM event WHERE sequence = 0").fetchone()
        self.spec = json.loads(payload)["study_started"]["spec"]
        self.name = self.spec["name"]
        self.reward_attr = self.spec["metrics"]["reward_attr"]
        self.time_attr = self.spec["metrics"]["time_attr"]
        self.constraint_attr = self.spec["metrics"]["constraint_attr"]
        self.space = {parameter["name"]: parameter for parameter in self.spec["space"]}
        (self.digest,) = connection.execute("SELECT lower(hex(digest)) FROM event ORDER BY sequence DESC").fetchone()
        (last,) = connection.execute("SELECT kind FROM event ORDER BY sequence DESC").fetchone()
        self.is_over = last == "study_ended"
        jobs = connection.execute(
            "SELECT trial, payload FROM event WHERE kind IN ('trial_started', 'trial_resumed') ORDER BY sequence"
        )
        slots = {trial: next(iter(json.loads(payload).values()))["slot"] for trial, payload in jobs}
        started = connection.execute("SELECT trial, payload FROM event WHERE kind = 'trial_started'")
        # By Python: SQLite takes a seed of 64 bits for a real number.
        seeds = {trial: json.loads(payload)["trial_started"]["seed"] for trial, payload in started}
        self.trials = [dict(row) for row in connection.execute("SELECT * FROM trials ORDER BY trial")]
        for trial in self.trials:
            trial["config"] = {name: value(it) for name, it in json.loads(trial["config"]).items()}
            # The view has the slot of a trial's first job, exports that of the last.
            trial["slot"] = slots[trial["trial"]]
            trial["seed"] = seeds[trial["trial"]]
            trial["class"] = outcome_class(trial["outcome"], trial["outcome_detail"])
        self.reports = [dict(row) for row in connection.execute("SELECT * FROM reports ORDER BY trial, report")]
        for report in self.reports:
            report["attributes"] = {name: value(it) for name, it in json.loads(report["attributes"]).items()}
            report["step"] = self.step(report)
        self.columns = self.first_names(connection)
        self.reports_of = {trial["trial"]: [] for trial in self.trials}
        for report in self.reports:
            self.reports_of[report["trial"]].append(report)
        for trial in self.trials:
            trial["feasible"] = self.is_feasible(trial)

    def has_name(self, shown: str) -> bool:
        """Whether a study is called so in an export, where what is not printable is escaped."""
        return shown == self.name if self.name.isprintable() else shown.isprintable()

    def first_names(self, connection) -> set:
        """The names of attributes that have columns of their own: the first in the log."""
        names = {}
        for (payload,) in connection.execute("SELECT payload FROM event WHERE kind = 'reported' ORDER BY sequence"):
            names.update((attribute["name"], None) for attribute in json.loads(payload)["reported"]["report"])
        return set(list(names)[:COLUMNS_MAX])

    def is_feasible(self, trial) -> bool:
        """Whether the last report of a trial that has a reward satisfies the constraint."""
        rewarded = [it for it in self.reports_of[trial["trial"]] if self.reward(it) is not None]
        if self.constraint_attr is None or not rewarded:
            return True
        return rewarded[-1]["attributes"].get(self.constraint_attr, math.inf) <= 0

    def step(self, report) -> int:
        """The resource of a report, or its number where it has none."""
        if self.time_attr == "fuel":
            return report["fuel"]
        step = report["attributes"].get(self.time_attr)
        is_step = isinstance(step, (int, float)) and not isinstance(step, bool) and step >= 1 and step == int(step)
        return int(step) if is_step else report["report"]

    def reward(self, report):
        """The reward of a report, if it has one."""
        reward = report["attributes"].get(self.reward_attr)
        return None if reward is None or isinstance(reward, str) else float(reward)

    def searched(self) -> dict:
        """The parameters that are searched, by name."""
        return {name: it for name, it in self.space.items() if "constant" not in it["domain"]}

    def best(self, trials):
        """The first of the trials with the largest reward, of those that have one and are feasible."""
        rewarded = [trial for trial in trials if trial["reward"] is not None and trial["feasible"]]
        return max(rewarded, key=lambda trial: (trial["reward"], -trial["trial"]), default=None)

    def chosen(self):
        """The trials of formats that have only the best ones."""
        rank = lambda it: (it["reward"] is None, not it["feasible"], -(it["reward"] or 0.0), it["trial"])
        order = sorted(self.trials, key=rank)
        return sorted(order[:BEST_TRIALS], key=lambda trial: trial["trial"])


def outcome_class(outcome, detail):
    """`completed`, `stopped` or `failed`; none for a trial that has not ended."""
    if outcome == "stopped":
        return "completed" if json.loads(detail)["reason"] == "max_t" else "stopped"
    return outcome if outcome in (None, "completed") else "failed"
