"""CSV, JSON lines and Parquet, read by Python itself, pandas, pyarrow, DuckDB and polars."""

import csv as python_csv
import json
import math
import pathlib

import duckdb
import pandas
import polars
import pyarrow.parquet

from store import SECOND, Study, same, value

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def status(trial) -> str:
    if trial["outcome"] is not None:
        return "ended"
    return "running" if trial["paused_at"] is None else "paused"


def expected_trial(trial) -> dict:
    """What each table says of a trial, but for the fuel of one that has not ended, which the view does not tell."""
    return {
        "trial": trial["trial"],
        "status": status(trial),
        "reward": trial["reward"],
        "reports": trial["reports"],
        "slot": trial["slot"],
        "start_seconds": trial["start_time"] / SECOND,
        "end_seconds": None if trial["end_time"] is None else trial["end_time"] / SECOND,
        "seed": trial["seed"],
        "paused_at": trial["paused_at"],
        "feasible": trial["feasible"],
        "fuel": trial["fuel"],
    }


def expected_report(report) -> dict:
    return {
        "trial": report["trial"],
        "report": report["report"],
        "seconds": report["virtual_time"] / SECOND,
        "fuel": report["fuel"],
        "decision": report["decision"],
        "bracket": report["bracket"],
    }


def in_order(reports):
    return sorted(reports, key=lambda report: (report["trial"], report["report"]))


def agree(found: dict, expected: dict, where: str) -> None:
    for name, wanted in expected.items():
        if name == "fuel" and wanted is None:
            continue
        there = found.get(name)
        assert same(there, wanted), f"{where}: {name} is {there!r}, not {wanted!r}"


def jsonl(folder: pathlib.Path, study: Study) -> None:
    lines = {
        name: [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()]
        for name in ("trials", "reports")
    }
    assert len(lines["trials"]) == len(study.trials) and len(lines["reports"]) == len(study.reports)
    for found, trial in zip(lines["trials"], study.trials):
        agree(found, expected_trial(trial), f"trial {trial['trial']}")
        config = {name: value(it) for name, it in found["config"].items()}
        assert config.keys() == trial["config"].keys()
        agree(config, trial["config"], f"trial {trial['trial']}")
    for found, report in zip(in_order(lines["reports"]), study.reports):
        agree(found, expected_report(report), f"report {report['report']} of trial {report['trial']}")
        attributes = {name: value(it) for name, it in found["attributes"].items()}
        assert attributes.keys() == report["attributes"].keys()
        agree(attributes, report["attributes"], f"report {report['report']} of trial {report['trial']}")
    for name, rows in lines.items():
        path = folder / f"{name}.jsonl"
        if rows:
            assert len(pandas.read_json(path, lines=True)) == len(rows)
            sql = "SELECT count(*) FROM read_json(?, format = 'newline_delimited', sample_size = -1)"
            assert duckdb.execute(sql, [str(path)]).fetchone() == (len(rows),)


def parquet(folder: pathlib.Path, study: Study) -> None:
    tables = {name: folder / f"{name}.parquet" for name in ("trials", "reports")}
    rows = {name: pyarrow.parquet.read_table(path).to_pylist() for name, path in tables.items()}
    assert len(rows["trials"]) == len(study.trials) and len(rows["reports"]) == len(study.reports)
    for found, trial in zip(rows["trials"], study.trials):
        agree(found, expected_trial(trial), f"trial {trial['trial']}")
        named(found, "config_", study.space, trial["config"])
    for found, report in zip(in_order(rows["reports"]), study.reports):
        agree(found, expected_report(report), f"report {report['report']} of trial {report['trial']}")
        own = {name: it for name, it in report["attributes"].items() if name in study.columns}
        named(found, "report_", (), own)
        others = {name: value(it) for name, it in json.loads(found.get("other_attributes") or "{}").items()}
        agree(others, {name: it for name, it in report["attributes"].items() if name not in own}, "other_attributes")
    for name, path in tables.items():
        said = pyarrow.parquet.read_schema(path).metadata
        assert said[b"trialbox.digest"].decode() == study.digest
        count = len(rows[name])
        assert len(pandas.read_parquet(path)) == count
        assert polars.read_parquet(path).height == count
        assert duckdb.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone() == (count,)
        # A query that reads every column.
        assert len(duckdb.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()) == count


def named(found: dict, prefix: str, names, values: dict) -> None:
    """The columns of a prefix have the values; those of other names are null."""
    there = {name.removeprefix(prefix): it for name, it in found.items() if name.startswith(prefix)}
    for name in set(names) | set(values):
        wanted, cell = values.get(name), there[name]
        if isinstance(wanted, int) and not isinstance(wanted, bool) and isinstance(cell, float):
            wanted = float(wanted)
        assert same(cell, wanted) or cell == json.dumps(wanted), f"{name}: {cell!r}, not {wanted!r}"
    assert all(it is None for name, it in there.items() if name not in values)


def csv(folder: pathlib.Path, study: Study) -> None:
    for name, wanted in (("trials", study.trials), ("reports", study.reports)):
        path = folder / f"{name}.csv"
        text = path.read_bytes().decode("utf-8")
        # One line a row, whatever guests wrote, and nothing in it that drives a terminal.
        assert text.count("\n") == len(wanted) + 1 and all(it.isprintable() for it in text.replace("\n", ""))
        rows = list(python_csv.DictReader(text.splitlines()))
        assert len(rows) == len(wanted)
        for row in rows:
            assert all(is_harmless(cell) for cell in row.values()), row
        assert len(pandas.read_csv(path)) == len(wanted)
        assert polars.read_csv(path, infer_schema_length=None).height == len(wanted)
        assert duckdb.execute("SELECT count(*) FROM read_csv(?, header = true)", [str(path)]).fetchone() == (len(wanted),)
        compare_csv(rows, name, study)


def is_harmless(cell: str) -> bool:
    if not cell.startswith(FORMULA):
        return True
    try:
        float(cell)
        return True
    except ValueError:
        return False


def compare_csv(rows, name: str, study: Study) -> None:
    if name == "trials":
        for row, trial in zip(rows, study.trials):
            for column, wanted in expected_trial(trial).items():
                is_cell(row[column], wanted)
            for parameter, wanted in trial["config"].items():
                if parameter.isprintable():
                    is_cell(row[f"config_{parameter}"], wanted)
        return
    key = lambda row: (int(row["trial"]), int(row["report"]))
    for row, report in zip(sorted(rows, key=key), study.reports):
        for column, wanted in expected_report(report).items():
            is_cell(row[column], wanted)
        for attribute, wanted in report["attributes"].items():
            if attribute.isprintable() and attribute in study.columns:
                is_cell(row[f"report_{attribute}"], wanted)


def is_cell(cell: str, wanted) -> None:
    match wanted:
        case None:
            assert cell == "" or cell.isdigit(), cell
        case bool():
            assert cell == str(wanted).lower()
        case int() | float():
            number = float(cell) if isinstance(wanted, float) or "." in cell or "e" in cell else int(cell)
            assert number == wanted or math.isnan(number) and math.isnan(wanted), f"{cell}, not {wanted}"
        case str() if wanted.isprintable() and wanted.isascii() and wanted[:1].isalnum():
            assert cell == wanted
