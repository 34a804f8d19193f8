"""Reading the catalogue: overlays, faults at their place, bases, the rule that picks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.catalog import BASES, Catalog, Item, basis_needed, check_catalog, load_catalog, pick
from rackloom.errors import BadInput, Unknown
from rackloom.figures import GRADES, Figure, Source

DATES = ("", "2024", "2025-06", "2026-09-15")
SOURCES = {f"s{index}": Source(f"s{index}", "press", "a page", date=date) for index, date in enumerate(DATES)}


def write(folder, text: str, name: str = "mine.yaml"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def faults_of(folder, text: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        load_catalog(write(folder, text))
    return [str(fault) for fault in caught.value.faults]


# Overlays


def test_an_overlay_replaces_a_figure_and_leaves_the_rest(tmp_path):
    write(tmp_path, 'gb200:\n  tdp_w: {value: "1.1 kW", source: "own: quotation 17", grade: A}\n')
    ours, theirs = load_catalog(), load_catalog(tmp_path)
    figure = theirs.figure("gb200", "tdp_w")
    assert (figure.value, figure.source, figure.others) == (1100.0, "own: quotation 17", ())
    assert ours.figure("gb200", "tdp_w").value == 1200.0
    assert theirs.item("gb200").kind == "accelerator"
    assert theirs.figure("gb200", "memory_bytes") == ours.figure("gb200", "memory_bytes")
    assert {name: item.figures for name, item in theirs.items.items() if name != "gb200"} == {n: i.figures for n, i in ours.items.items() if n != "gb200"}


def test_an_overlay_adds_items_and_sources(tmp_path):
    write(tmp_path, 'sheet: {kind: data sheet, title: "Data sheet of our card", date: "2026-11"}\n', "sources.yaml")
    write(tmp_path, 'nic-b:\n  kind: nic\n  title: our card\n  max_w: {value: "20 W to 30 W", source: sheet, grade: A, where: "p. 4"}\n')
    catalog = load_catalog(tmp_path)
    figure = catalog.item("nic-b", "nic").figure("max_w")
    assert (figure.key, figure.value, figure.low, figure.high, figure.note) == ("catalog.nic-b.max_w", 25.0, 20.0, 30.0, "p. 4")
    assert catalog.source("sheet").title == "Data sheet of our card"
    assert catalog.item("nic-b").title == "our card"
    assert catalog.item("nic-b").place.endswith("mine.yaml:1")


def test_later_folders_win(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder, watts in ((first, 10), (second, 20)):
        folder.mkdir()
        write(folder, f'gb200:\n  tdp_w: {{value: "{watts} W", source: "own: us", grade: E}}\n')
    assert load_catalog(first, second).figure("gb200", "tdp_w").value == 20.0
    assert load_catalog(second, first).figure("gb200", "tdp_w").value == 10.0


def test_low_and_high_beside_a_value(tmp_path):
    write(tmp_path, 'x:\n  kind: part\n  power_w: {value: "10 W", low: "8 W", high: "0.02 kW", source: "own: us", grade: E}\n')
    figure = load_catalog(tmp_path).figure("x", "power_w")
    assert (figure.value, figure.low, figure.high) == (10.0, 8.0, 20.0)


def test_status_announced_marks_every_figure(tmp_path):
    write(tmp_path, "gb200:\n  status: announced\n")
    assert all(figure.announced for figure in load_catalog(tmp_path).item("gb200").figures.values())
    assert not load_catalog().figure("gb200", "tdp_w").announced


# Faults, at their place

GOOD = 'source: "own: us", grade: A'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('power_w: {value: "10 W", grade: A}', "mine.yaml:3:12: x.power_w: source 'None' is not in sources.yaml"),
        ('power_w: {value: "10 W", source: nobody, grade: A}', "mine.yaml:3:12: x.power_w: source 'nobody' is not in sources.yaml"),
        ('power_w: {value: "10 W", source: "own: us", grade: F}', "mine.yaml:3:12: x.power_w: grade 'F' is not on the ladder"),
        ('power_w: {value: "10 W", source: "own: us"}', "mine.yaml:3:12: x.power_w: grade 'None' is not on the ladder"),
        (f"power_w: {{value: 10, {GOOD}}}", "mine.yaml:3:12: x.power_w: '10' has no unit: expected a number with a unit, such as '132 kW'"),
        (f'power_w: {{value: "10 V", {GOOD}}}', "mine.yaml:3:12: x.power_w: '10 V': 'V' is not a unit for this"),
        (f'power: {{value: "10 W", {GOOD}}}', "mine.yaml:3:10: x.power: 'power' does not say its unit"),
        (f'power_w: {{value: "10 W", {GOOD}, sauce: yes}}', "x.power_w: unknown key 'sauce'"),
        (f'power_w: {{value: "20 W to 10 W", {GOOD}}}', "the first of a range is the smaller one"),
        (f'power_w: {{value: "10 W", low: "11 W", {GOOD}}}', "the value does not lie between 'low' and 'high'"),
        (f'power_w: {{value: "10 W", high: 11, {GOOD}}}', "x.power_w.high: '11' has no unit"),
        (f'power_w: {{value: "10 W", {GOOD}, pick: true}}', "'pick' without a note"),
        ('power_w: {source: "own: us", grade: A}', "mine.yaml:3:12: x.power_w is not a figure"),
        (f'power_w: [{{value: "10 W", {GOOD}}}, "12 W"]', "mine.yaml:3:12: x.power_w is not a figure"),
    ],
)
def test_faults_name_the_place(tmp_path, line, expected):
    found = faults_of(tmp_path, f"x:\n  kind: part\n  {line}\n")
    assert len(found) == 1
    assert expected in found[0]


def test_a_figure_cannot_be_replaced_by_bare_text(tmp_path):
    [fault] = faults_of(tmp_path, "gb200:\n  tdp_w: 900 W\n")
    assert "mine.yaml:2:10: gb200.tdp_w is not a figure" in fault
    assert "Write {value:" in fault


def test_an_item_needs_a_kind_and_a_mapping(tmp_path):
    found = faults_of(tmp_path, "x:\n  title: no kind\ny: 12\n")
    assert any("mine.yaml:1:1: item 'x' has no kind" in fault for fault in found)
    assert any("mine.yaml:3:1: item 'y' is not a mapping" in fault for fault in found)


def test_all_faults_are_told_at_once(tmp_path):
    """A list of three rows, two of them wrong, the third picked by hand: no row stands in for another."""
    rows = [f'    - {{value: "1 V", {GOOD}}}', '    - {value: "2 W", source: nobody, grade: Z}', f'    - {{value: "3 W", {GOOD}, pick: true, note: ours}}']
    found = faults_of(tmp_path, "\n".join(["x:", "  kind: part", "  power_w:", *rows, ""]))
    assert len(found) == 3
    assert [fault.splitlines()[0].rpartition("mine.yaml:")[2].split(":")[0] for fault in found] == ["4", "5", "5"]


def test_a_source_needs_a_kind_of_the_ladder(tmp_path):
    write(tmp_path, "sheet: {kind: rumour, title: heard}\n", "sources.yaml")
    with pytest.raises(BadInput, match="source 'sheet' needs a title and a kind"):
        load_catalog(tmp_path)


def test_a_missing_folder_is_named():
    with pytest.raises(BadInput, match="no catalogue folder 'no-such-folder'"):
        load_catalog("no-such-folder")


def test_unknown_names_come_with_the_nearest():
    catalog = load_catalog()
    with pytest.raises(Unknown, match=r"no accelerator 'gb20'\s+nearest: 'gb200'"):
        catalog.item("gb20", "accelerator")
    with pytest.raises(Unknown, match="no nic 'gb200'"):
        catalog.item("gb200", "nic")
    with pytest.raises(Unknown, match=r"nearest: 'gb200\.tdp_w'"):
        catalog.figure("gb200", "tpd_w")
    assert catalog.item("gb200").get("fp64_flop_per_s") is None


# Bases


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("bf16_flop_per_s", BASES["flop_per_s"]),
        ("scale_out_link_bytes_per_s", BASES["link_bytes_per_s"]),
        ("memory_bytes_per_s", ()),
        ("max_pressure_pa", BASES["pressure_pa"]),
        ("pressure_drop_pa", ()),
        ("load_rack_power_w", BASES["rack_power_w"]),
        ("tdp_w", ()),
        ("price_usd", BASES["price_usd"]),
    ],
)
def test_which_figures_need_a_basis(name, needed):
    assert basis_needed(name) == needed


@pytest.mark.parametrize(("basis", "faults"), [("dense", 0), ("sparse 2:4", 0), ("", 1), ("both", 1)])
def test_a_missing_or_wrong_basis_is_a_fault(basis, faults):
    figure = Figure("catalog.x.bf16_flop_per_s", 1e15, "FLOP/s", "s0", "A", basis)
    catalog = Catalog({"x": Item("x", "accelerator", figures={"bf16_flop_per_s": figure}, place="mine.yaml:1")}, SOURCES)
    total, found = check_catalog(catalog)
    assert (total, len(found)) == (1, faults)
    assert all(fault.startswith("mine.yaml:1: x.bf16_flop_per_s: basis") for fault in found)


def test_figures_passed_over_are_checked_too():
    good = Figure("catalog.x.bf16_flop_per_s", 1e15, "FLOP/s", "s0", "A", "dense")
    bad = Figure("catalog.x.bf16_flop_per_s", 2e15, "FLOP/s", "s0", "B", "")
    catalog = Catalog({"x": Item("x", "accelerator", figures={"bf16_flop_per_s": pick([good, bad], SOURCES)})}, SOURCES)
    assert check_catalog(catalog)[0] == 2
    assert len(check_catalog(catalog)[1]) == 1


# The rule that picks

rows = st.lists(st.tuples(st.sampled_from(list(GRADES)), st.sampled_from(list(SOURCES))), min_size=2, max_size=6)


def figures_of(drawn) -> list[Figure]:
    return [Figure("catalog.x.power_w", float(index), "W", source, grade) for index, (grade, source) in enumerate(drawn)]


@given(rows)
def test_the_best_grade_wins_then_the_newest_then_the_first(drawn):
    figures = figures_of(drawn)
    picked = pick(figures, SOURCES)
    best = [figure for figure in figures if figure.grade == min(f.grade for f in figures)]
    newest = [figure for figure in best if SOURCES[figure.source].date == max(SOURCES[f.source].date for f in best)]
    assert picked.value == newest[0].value


@given(rows)
def test_nothing_is_lost(drawn):
    figures = figures_of(drawn)
    picked = pick(figures, SOURCES)
    assert sorted([picked.value, *(figure.value for figure in picked.others)]) == [figure.value for figure in figures]
    assert picked.rule


@given(rows, st.integers(0, 5))
def test_a_pick_by_hand_wins(drawn, index):
    figures = figures_of(drawn)
    index %= len(figures)
    picked = pick(figures, SOURCES, forced=index)
    assert picked.value == float(index)
    assert "by hand" in picked.rule


@given(rows)
def test_a_worse_row_changes_nothing(drawn):
    figures = figures_of([(min(grade, "D"), source) for grade, source in drawn])
    worse = Figure("catalog.x.power_w", 99.0, "W", "s3", "E")
    assert pick([*figures, worse], SOURCES).value == pick(figures, SOURCES).value


def test_a_single_figure_needs_no_rule():
    [only] = figures_of([("C", "s0")])
    assert pick([only], SOURCES) is only


def test_the_rule_in_a_file(tmp_path):
    lines = ['  - {value: "1 W", source: aidcguide, grade: C}', '  - {value: "2 W", source: dsx, grade: B}', '  - {value: "3 W", source: aidc_pow, grade: B}']
    write(tmp_path, "\n".join(["x:", "  kind: part", "  power_w:", *lines, ""]))
    figure = load_catalog(tmp_path).figure("x", "power_w")
    assert (figure.value, [other.value for other in figure.others]) == (3.0, [1.0, 2.0])  # dsx has no date, aidc_pow has one
