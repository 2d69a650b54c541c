"""dbt on the project beside this file: a seed, a table, an incremental table, tests, and a model that is refused.

Usage: dbt_client.py DIRECTORY, with the server in the variables of dbt/profiles.yml. What came of each command is in
outcomes.json in that directory, as dbt prints what it does.
"""

import json
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner

PROJECT = Path(__file__).parent / "dbt"
FEW = ["--vars", "{orders: 10}"]
MORE = ["--vars", "{orders: 20}"]
BROKEN = ["--vars", "{orders: 20, broken: true}"]
COMMANDS = {
    "seed": ["seed", *FEW],
    "run": ["run", *FEW],
    "run again": ["run", *MORE],
    "test": ["test", *MORE],
    "broken": ["run", "--select", "broken", *BROKEN],
}


def main() -> None:
    directory = sys.argv[1]
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    places += ["--target-path", f"{directory}/target", "--log-path", f"{directory}/logs"]
    outcomes = {}
    for name, command in COMMANDS.items():
        outcome = dbtRunner().invoke(["--quiet", *command, *places])
        if outcome.exception is not None:
            raise outcome.exception
        outcomes[name] = {result.node.name: [result.status, result.message] for result in outcome.result.results}
    Path(directory, "outcomes.json").write_text(json.dumps(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main()
