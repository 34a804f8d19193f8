"""From a program to nouns: a rack that stands in the program, what was read for it, and junk of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rackloom.catalog import system
from rackloom.errors import BadInput, Fault
from rackloom.performance import estimate_need
from rackloom.program import load_program
from rackloom.program.doors import file_schema
from rackloom.rack import bill_of_materials

FRONTIER = Path(__file__).resolve().parents[2] / "examples" / "frontier"
TEXT = (FRONTIER / "program.yaml").read_text(encoding="utf-8")
LINES = TEXT.splitlines()

INLINE = """\
as_of: 2026-11-22
generations:
  own:
    volume_from: 2027-Q1
    rack:
      like: racks/base.yaml
      power: {redundancy: N+1}
      assemblies:
        compute: {parts: [4 x b300, 2 x grace], static_power: 300 W}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "racks").mkdir()
    (tmp_path / "racks" / "base.yaml").write_text("like: gb300-nvl72\ntitle: base\n")
    (tmp_path / "program.yaml").write_text(INLINE)
    return tmp_path


def test_a_rack_may_stand_in_the_program_and_is_like_one_beside_it(folder):
    program = load_program(folder / "program.yaml")
    design = program.designs["own"]
    assert (design.name, design.title, design.power.redundancy) == ("own", "base", "N+1")
    assert program.generations["own"].design == "own"
    assert bill_of_materials(design).totals()["b300"] == 4 * 18  # gb300-nvl72 has 18 compute trays
    assert design.assemblies["compute"].static_power_w.value == 300.0
    assert design.assemblies["compute"].static_power_w.source == "program.yaml:9"
    assert ("generations: own", "volume_from 2027-Q1, rack of its own, like racks/base.yaml") in program.echo


def test_a_rack_in_the_program_is_the_one_that_a_file_would_be(folder):
    body = INLINE.partition("    rack:\n")[2].replace("racks/base.yaml", "base.yaml")
    (folder / "racks" / "own.yaml").write_text("\n".join(line.removeprefix("      ") for line in body.splitlines()) + "\n")
    (folder / "by-file.yaml").write_text(INLINE.partition("    rack:\n")[0] + "    rack: racks/own.yaml\n")
    inline, by_file = load_program(folder / "program.yaml").designs["own"], load_program(folder / "by-file.yaml").designs["own"]
    assert bill_of_materials(inline).lines == bill_of_materials(by_file).lines
    assert inline.slots == by_file.slots
    assert inline.power.redundancy == by_file.power.redundancy


def test_every_file_that_a_rack_is_like_counts_as_read(folder):
    program = load_program(folder / "program.yaml")
    assert program.files == ("program.yaml", "racks/base.yaml")
    (folder / "racks" / "base.yaml").write_text("like: gb300-nvl72\ntitle: other\n")
    assert load_program(folder / "program.yaml").digest != program.digest


def faults(path: Path) -> list[tuple[str, int, int, str]]:
    with pytest.raises(BadInput) as caught:
        load_program(path)
    assert all(fault.mend or fault.nearest for fault in caught.value.faults)
    return [(Path(fault.place.file).name, fault.place.line, fault.place.column, fault.what) for fault in caught.value.faults]


def test_faults_of_a_rack_in_the_program_and_of_what_it_is_like_are_told_together(folder):
    (folder / "racks" / "base.yaml").write_text("like: gb300-nvl72\nframe: orv9\n")
    text = INLINE.replace("{redundancy: N+1}", "132").replace("2 x grace", "2 x graec").replace("2027-Q1", "2027-Q9").replace("    rack:\n", "    colour: red\n    rack:\n")
    (folder / "program.yaml").write_text(text)
    found = faults(folder / "program.yaml")
    assert [place[:3] for place in found] == [("program.yaml", 4, 18), ("program.yaml", 5, 5), ("program.yaml", 8, 14), ("program.yaml", 10, 37), ("base.yaml", 2, 8)]


def test_a_fault_in_one_key_hides_no_other_key_of_its_entry(folder):
    text = "as_of: soon\nneeds: {a: {model: nothing, rate: 3, input: 1, output: 1}}\ngenerations: {x: {rack: gb30-nvl72, volume_from: soon}}\ndemand: {x: 3, y: 4 racks/wk}\n"
    (folder / "program.yaml").write_text(text + "line: {site: huston, use: l11-basci, cells: -1}\nassumptions: {nothing.tdp_w: 3 W, gb300.tdp_w: .inf, b300.tdp_w: [1]}\n")
    assert [(line, what.split(":")[0]) for _, line, _, what in faults(folder / "program.yaml")] == [
        (1, "as_of"), (2, "no model 'nothing'"), (2, "rate"), (3, "no rack 'gb30-nvl72'"), (3, "volume_from"), (4, "x"), (4, "demand for 'y', which is no generation"),
        (5, "no site 'huston'"), (5, "no line preset 'l11-basci'"), (5, "cells"), (6, "no figure 'nothing.tdp_w' in the catalogue"), (6, "gb300.tdp_w"), (6, "b300.tdp_w"),
    ]  # fmt: skip


CONVERSATION = """as_of: 2026-11-22
needs:
  chat: {model: llama-3.1-70b, rate: 1e5 tok/s, input: 2000, output: 400, turns: 6, next: 150, kept: 90 %, draft: 3, accepted: 60 %}
"""


def test_a_conversation_and_guesses_in_a_need(folder):
    path = folder / "chat.yaml"
    path.write_text(CONVERSATION)
    need = load_program(path).needs["chat"]
    assert (need.turns_count.value, need.next_tokens.value, need.kept_share.value, need.draft_tokens.value, need.accepted_share.value) == (6, 150, 0.9, 3, 0.6)
    assert need.turns_count.source.endswith("chat.yaml:3")
    estimate = estimate_need(need, system("gb300-nvl72"))
    assert estimate.ledger.value(f"{estimate.prefix}.prompt_tokens") == 3375.0
    assert estimate.ledger.value(f"{estimate.prefix}.cached_tokens") == pytest.approx(2625.0)
    assert "draft" in str(estimate.strategy)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("turns: 6, ", "", "'next' says something of 'turns', which is not there"),
        ("turns: 6", "turns: 6, prefix_hit: 20 %", "'turns' says what of a prompt is cached"),
        ("turns: 6", "turns: 0", "turns"),
        ("90 %", "120 %", "is at most 1"),
        ("draft: 3, ", "", "'accepted' says something of 'draft'"),
    ],
)
def test_words_that_do_not_go_together(folder, before, after, said):
    path = folder / "chat.yaml"
    path.write_text(CONVERSATION.replace(before, after))
    found = faults(path)
    assert [said in what for _, _, _, what in found] == [True]


def test_every_file_has_a_schema():
    jsonschema = pytest.importorskip("jsonschema")
    for what in ("program", "rack", "policy", "released", "plan"):
        jsonschema.Draft202012Validator.check_schema(file_schema(what))


@pytest.mark.parametrize("where", ["../gone/rack.yaml", "/gone/rack.yaml", "./rack.yaml", "rack\0.yaml"])
def test_a_path_anywhere_that_is_not_there_is_told(folder, where):
    (folder / "program.yaml").write_text('as_of: 2026-11-22\ngenerations: {x: {rack: "' + where.replace("\0", "\\0") + '", volume_from: 2026-Q4}}\n')
    assert [fault[:2] for fault in faults(folder / "program.yaml")] == [("program.yaml", 2)]


JUNK = [
    "",
    "null",
    "~",
    "junk",
    "-3",
    "1e400",
    ".nan",
    "[]",
    "[1, [2]]",
    "{}",
    "{a: {b: 1}}",
    "true",
    "'",
    "*x",
    "&x",
    "!!int x",
    "2027-Q9",
    "132",
    "9" * 30,
    "\\0",
    "- a",
    "a: b: c",
    "../..",
    "/",
    "**x",
]


def deleted(lines: list[str], at: int, junk: str) -> list[str]:
    return lines[:at] + lines[at + 1 :]


def doubled(lines: list[str], at: int, junk: str) -> list[str]:
    return lines[: at + 1] + lines[at:]


def replaced(lines: list[str], at: int, junk: str) -> list[str]:
    """The first value of a line, up to a comma or bracket, by junk."""
    key, colon, rest = lines[at].rpartition(": ")
    tail = rest[min((rest.index(mark) for mark in ",}#" if mark in rest), default=len(rest)) :]
    return [*lines[:at], f"{key}{colon}{junk}{tail}", *lines[at + 1 :]]


def emptied(lines: list[str], at: int, junk: str) -> list[str]:
    """A whole entry by junk."""
    return [*lines[:at], f"{lines[at].partition(':')[0]}: {junk}", *lines[at + 1 :]]


def pushed(lines: list[str], at: int, junk: str) -> list[str]:
    return [*lines[:at], "  " + lines[at], *lines[at + 1 :]]


def refusal(path: Path) -> tuple[Fault, ...]:
    """Faults of a program, none when it is read; any other error than bad input goes through."""
    try:
        load_program(path)
    except BadInput as error:
        return error.faults
    return ()


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(mutations=st.lists(st.tuples(st.sampled_from([deleted, doubled, replaced, emptied, pushed]), st.integers(0, len(LINES) - 5), st.sampled_from(JUNK)), min_size=1, max_size=3))
def test_a_mutated_program_is_read_or_refused_in_words(tmp_path, mutations):
    for name in ("parts", "racks", "results", "offers.csv"):
        if not (tmp_path / name).exists():
            (tmp_path / name).symlink_to(FRONTIER / name)
    lines = LINES
    for mutate, at, junk in mutations:
        lines = mutate(lines, at, junk)
    (tmp_path / "program.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = refusal(tmp_path / "program.yaml")
    assert all(fault.place is not None and fault.place.line >= 1 and (fault.mend or fault.nearest) for fault in told)
