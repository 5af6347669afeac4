"""Writes the policy files anew, from the configuration of each stage: `python -m deployment.policies`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployment.facts import Facts, facts_in, model_ids, placeholders
from deployment.permissions import write
from tooling.project import ROOT
from tooling.stages import deployable_stages, read_config


def known_facts(config: Mapping[str, Any], stage: str) -> Facts:
    """Return the facts of a stage, or placeholders for one that has not been deployed from here."""
    return facts_in(config, stage) or placeholders(stage, model_ids(config, stage))


def main(root: Path = ROOT) -> int:
    """Write the policies of all stages that can be deployed."""
    config = read_config(root)
    for stage in deployable_stages(config):
        write(known_facts(config, stage), root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
