"""Time the search over strategies: `python benchmarks/search.py [--json] [--smoke]`; the case `search` of run.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # started as a script: the repository in place of this folder

from benchmarks.run import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(["--case", "search", *sys.argv[1:]]))
