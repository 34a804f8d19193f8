"""A folder of finished plans, keyed by inputs, catalogue and code: the same question is answered from there."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalog import data_folder
from .save import to_json, write_text

if TYPE_CHECKING:
    from .load import Program


class Store:
    """One question of one program; `find` answers from the folder, `keep` puts an answer there."""

    def __init__(self, folder: str | Path, program: Program, effort: str):
        words = "\n".join([program.digest, program.file, program.scenario, effort, _tree_digest(data_folder(), ("*.yaml", "*.json")), _tree_digest(_code(), ("*.py",))])
        self.path = Path(folder) / f"{hashlib.sha256(words.encode()).hexdigest()}.json"

    def find(self) -> dict[str, Any] | None:
        """The kept answer, or None; a damaged file is as good as none."""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return data if isinstance(data, dict) and "ledger" in data else None

    def keep(self, data: Any) -> None:
        """Write the answer beside and move it into place."""
        write_text(self.path, to_json(data))


def _code() -> Path:
    return Path(__file__).resolve().parent.parent


@lru_cache(maxsize=4)
def _tree_digest(folder: Path, patterns: tuple[str, ...]) -> str:
    total = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in folder.rglob(pattern)):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
