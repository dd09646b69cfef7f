"""Exports studies into every format, reads them with the programs that the formats are for, and compares with the store.

    python check.py --trialbox PROGRAM STUDY...

The packages are those of requirements.txt. Each study is exported by the program, which is the trialbox under test, and what the
readers say of the export is compared with the views of the study's own SQLite file.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import store

import check_mlflow
import check_optuna
import check_tables
import check_tensorboard

CHECKS = {
    "csv": check_tables.csv,
    "jsonl": check_tables.jsonl,
    "parquet": check_tables.parquet,
    "optuna": check_optuna.check,
    "tensorboard": check_tensorboard.check,
    "mlflow": check_mlflow.check,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trialbox", required=True, help="the program under test")
    parser.add_argument("--to", choices=CHECKS, action="append", help="only this format")
    parser.add_argument("studies", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trialbox-exports-") as folder:
        for study in arguments.studies:
            expected = store.Study(study)
            for name in arguments.to or CHECKS:
                place = pathlib.Path(folder) / f"{study.stem}.{name}"
                command = [arguments.trialbox, "export", study, "--to", name, "-o", place]
                subprocess.run(command, check=True, stderr=subprocess.PIPE if os.environ.get("QUIET") else None)
                CHECKS[name](place, expected)
                print(f"{study.name}: {name} agrees", flush=True)


if __name__ == "__main__":
    sys.exit(main())
