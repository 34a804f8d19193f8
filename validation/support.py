"""What `rackloom needs --support` knows: how many published runs of each kind were predicted, and how well."""

from __future__ import annotations

from rackloom.evaluate import Validation
from validation import serving, training

HEAD = """# Written by `make validate` from validation/training.md and validation/serving.md: published runs that were predicted, by kind of model and generation of the chip.
# Not inputs of any prediction.
"""


def page(validation: Validation | None = None, served: Validation | None = None) -> str:
    """The whole of the catalogue's support.yaml."""
    return "\n".join([HEAD, *_items(validation or training.validated(), "training", "support-"), *_items(served or serving.validated(), "serving", "support-serving-")])


def _items(validation: Validation, what: str, prefix: str) -> list[str]:
    parts = []
    for name, score in validation.groups.items():
        families = [part.partition(":")[0] for part in name.split(",")]
        if not score.scored or not set(families) <= {"all", "kind", "machine"} or score.median_ape is None or score.coverage_80 is None:
            continue
        item = prefix + name.replace(":", "-").replace(",", "-")
        parts.append(
            f"{item}:\n  kind: support\n  title: published {what} runs, {name}\n"
            f"  runs_count: {{value: {score.scored}, source: own_validation, grade: A}}\n"
            f'  median_error_share: {{value: "{score.median_ape:.1%}", source: own_validation, grade: A}}\n'
            f'  coverage_share: {{value: "{score.coverage_80:.1%}", source: own_validation, grade: A}}\n'.replace("%", " %")
        )
    return parts
