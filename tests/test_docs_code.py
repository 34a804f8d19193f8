"""The manual's Python runs, and prints what the page shows after it."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_CODE = re.compile(r"```python\n(.*?)```\s*```text\n(.*?)```", re.DOTALL)
BLOCKS = [(path.name, code, shown) for path in sorted(ROOT.glob("docs/*.md")) for code, shown in _CODE.findall(path.read_text(encoding="utf-8"))]


def test_there_are_blocks():
    assert "power.md" in {page for page, _, _ in BLOCKS}


@pytest.mark.parametrize(("page", "code", "shown"), BLOCKS, ids=[page for page, _, _ in BLOCKS])
def test_the_pages_code_prints_what_it_shows(page, code, shown):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, page, "exec"), {})
    assert printed.getvalue() == shown
