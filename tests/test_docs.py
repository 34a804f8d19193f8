"""The manual's commands run, in order, in one folder a page, and print what the page shows; every command is in the manual."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(path for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")] if "```console" in path.read_text(encoding="utf-8"))
_FENCE = re.compile(r"```(console|yaml)(?: file=(\S+))?\n(.*?)```", re.DOTALL)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    if words[0] == "rackloom":
        words = [sys.executable, "-c", "from rackloom.cli import main; main()", *words[1:]]
    environment = {**os.environ, "COLUMNS": "230", "NO_COLOR": "1"}
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=240, env=environment)


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u202f\u00a0]+", " ", text).strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_pages_commands_print_what_it_shows(page, tmp_path):
    """A line of '...' in a block stands for lines that are not shown; every other line must be printed."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    ran = 0
    for kind, name, body in _FENCE.findall(page.read_text(encoding="utf-8")):
        if kind == "yaml":
            if name:
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / name).write_text(body, encoding="utf-8")
            continue
        printed = ""
        for line in body.splitlines():
            if line.startswith("$ "):
                if line.startswith(("$ git ", "$ make ", "$ cd ")):
                    printed = ""
                    continue
                done = run(line[2:], tmp_path)
                printed = squeezed(done.stdout + " " + done.stderr)
                assert "Traceback" not in printed, f"{page.name}: {line}\n{printed}"
                assert done.returncode in (0, 1, 2), f"{page.name}: {line}\n{printed}"
                ran += 1
            elif line.strip() not in ("", "..."):
                assert squeezed(line) in printed, f"{page.name}: '{line.strip()}' is not printed; printed was:\n{printed[:3000]}"
    assert ran > 0


def test_every_command_has_help_with_an_example_and_a_line_in_the_manual():
    manual = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")])
    shown = run("rackloom --help", ROOT).stdout
    commands = re.findall(r"^  (\w+)  ", shown, re.MULTILINE)
    assert {"new", "plan", "design", "explain", "diff", "catalog", "schema"} <= set(commands)
    for command in commands:
        text = run(f"rackloom {command} --help", ROOT).stdout
        assert "Example: rackloom" in text or command == "catalog", command
        assert f"rackloom {command}" in manual, command
