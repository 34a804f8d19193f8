"""Strict YAML with places: 1.2 words, duplicate keys, bounded aliases, faults at their place."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field

from rackloom.errors import BadInput, Fault
from rackloom.reading import parse_yaml, read_yaml
from rackloom.strict import Strict, build, mended


def test_yaml_1_2_words_stay_words():
    value = parse_yaml("a: no\nb: on\nc: 12:30:45\nd: 1e5\ne: 15e12\nf: 2027-06-01\ng: ~\nh: true\ni: 0x10\n", "p.yaml").value
    assert value == {"a": "no", "b": "on", "c": "12:30:45", "d": 1e5, "e": 15e12, "f": "2027-06-01", "g": None, "h": True, "i": 16}


def test_places_count_from_one():
    document = parse_yaml("a: {b: 1}\nlist:\n  - x\n  - y\n", "p.yaml")
    assert str(document.place(("a", "b"))) == "p.yaml:1:8"
    assert str(document.place(("list", 1))) == "p.yaml:4:5"
    assert document.where(("list", 1)) == "p.yaml:4"


def test_merge_keys_and_aliases():
    value = parse_yaml("base: &base {a: 1, b: 2}\nnext: {<<: *base, b: 3}\nboth: [*base, *base]\n", "p.yaml").value
    assert value["next"] == {"a": 1, "b": 3}
    assert value["both"] == [{"a": 1, "b": 2}] * 2


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n- b", "the file is a list: expected a mapping"),
        ("just words", "the file is a single value"),
        ("", "the file is empty"),
        ("a: 1\na: 2", "q.yaml:2:1: 'a' is given twice"),
        ("a: [1\nb", "not YAML"),
        ("a: &a [*a]", "an alias that contains itself"),
        ("a: !!python/object:os.system x", "tag 'tag:yaml.org,2002:python/object:os.system' is not known"),
        (BOMB, "values once aliases are followed"),
        ("a: " + "[" * 100 + "]" * 100, "nested too deeply"),
    ],
)
def test_bad_yaml_is_refused_with_its_place(text, words):
    with pytest.raises(BadInput) as caught:
        parse_yaml(text, "q.yaml")
    assert words in str(caught.value)


def test_a_missing_file_names_the_nearest(tmp_path):
    (tmp_path / "program.yaml").write_text("a: 1")
    with pytest.raises(BadInput, match=r"nearest: 'program\.yaml'"):
        read_yaml(tmp_path / "progam.yaml")
    with pytest.raises(BadInput, match="is a folder"):
        read_yaml(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_yaml(tmp_path / "latin.yaml")


class Inner(Strict):
    power: int
    name: str = ""


class Outer(Strict):
    title: str
    parts: dict[str, Inner] = Field(default_factory=dict)


def test_all_faults_at_once_with_nearest_key():
    document = parse_yaml("titel: x\nparts:\n  one: {power: 3, nmae: y}\n  two: {power: lots}\n", "p.yaml")
    with pytest.raises(BadInput) as caught:
        build(Outer, document)
    text = str(caught.value)
    assert len(caught.value.faults) == 4
    assert "p.yaml:1:1: unknown key 'titel'" in text
    assert "nearest: 'title'" in text
    assert "p.yaml:3:19: unknown key 'nmae'" in text
    assert "nearest: 'name'" in text
    assert "p.yaml:4:16: power: " in text
    assert "'title' is missing" in text


def test_a_sound_document_builds():
    built = build(Outer, parse_yaml("title: x\nparts: {one: {power: 3}}\n", "p.yaml"))
    assert built == Outer(title="x", parts={"one": Inner(power=3)})


MERGES = "a0: &a0 {}\n" + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 9))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "[" * 200_000, "p.yaml:1:1003: nested too deeply"),
        ("- " * 200_000, "nested too deeply"),
        (MERGES, "values once aliases are followed"),
        ("a: 1\nb: " + "7" * 5000, "p.yaml:2:4: '777"),
        ("a: !!float x", "p.yaml:1:4: 'x' is not a number that can be read"),
        ("a: 1\nb: [2", "p.yaml:2:1: not YAML"),
    ],
    ids=["flow", "block", "merges", "digits", "tag", "open"],
)
def test_what_would_exhaust_or_confuse_the_reader_is_refused(text, words):
    with pytest.raises(BadInput) as caught:
        parse_yaml(text, "p.yaml")
    assert words in str(caught.value)


def test_a_key_keeps_its_own_place_under_a_merge():
    document = parse_yaml("base: &base {b: 1}\nnext: {<<: *base, b: 2}\n", "p.yaml")
    assert str(document.place(("next", "b"), key=True)) == "p.yaml:2:19"


def test_a_view_keeps_the_places_of_its_file():
    document = parse_yaml("a:\n  b:\n    c: [1, 2]\n", "p.yaml").view(("a", "b"))
    assert document.value == {"c": [1, 2]}
    assert str(document.place(("c", 1))) == "p.yaml:3:12"
    assert str(document.place(())) == "p.yaml:3:5"


class Choice(Strict):
    what: str | Inner
    level: Literal["low", "high"] = "low"
    names: list[str] = Field(default_factory=list, description="'one', or more names")
    count: int = Field(1, gt=0)
    size: str | float | None = None
    by: dict[Literal["x", "y"], str] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("what: [1]", ("p.yaml:1:7", "what: a list is not text or a mapping: expected keys power, name", "", "Write text or a mapping after 'what:'.")),
        ("what: {power: x}", ("p.yaml:1:15", "power: 'x' is not a whole number", "", "Write 'power: 1'.")),
        ("what: {pwoer: 1, power: 2}", ("p.yaml:1:8", "unknown key 'pwoer'", "power", "Keys here: power, name.")),
        ("what: 3", ("p.yaml:1:7", "what: 3 is not text or a mapping: expected keys power, name", "", "Write text or a mapping after 'what:'.")),
        ("what:", ("p.yaml:1:6", "what is empty", "", "Write text or a mapping after 'what:'.")),
        ("what: a\nlevel: hgih", ("p.yaml:2:8", "level: 'hgih' is not one of 'low' or 'high'", "high", "Write one of: low, high.")),
        ("what: a\nnames: one", ("p.yaml:2:8", "names: 'one' is not a list", "", "Write 'names: [one]' (or more names).")),
        ("what: a\nnames: [true]", ("p.yaml:2:9", "names: true is not text", "", "Put it in quotes if it is meant: 'true'.")),
        ("what: a\ncount: -1", ("p.yaml:2:8", "count: -1 is not above 0", "", "Write a number above 0.")),
        ("what: a\ncount: 1.5", ("p.yaml:2:8", "count: 1.5 is not a whole number", "", "Write 'count: 1'.")),
        ("what: a\nsize: {}", ("p.yaml:2:7", "size: a mapping is not text or a number", "", "Write text or a number after 'size:'.")),
        ("what: a\nby: {z: q}", ("p.yaml:2:6", "unknown key 'z'", "", "Write one of: x, y.")),
        ("count: 1", ("p.yaml:1:1", "'what' is missing", "", "Add 'what: ...' here.")),
    ],
)
def test_each_kind_of_fault_is_told_once_with_its_mend(text, told):
    with pytest.raises(BadInput) as caught:
        build(Choice, parse_yaml(text, "p.yaml"))
    (fault,) = caught.value.faults
    assert (str(fault.place), fault.what, fault.nearest, fault.mend) == told


def test_a_fault_without_a_mend_gets_the_one_that_its_text_holds():
    assert mended(Fault("x: '3' has no unit: expected a number with a unit, such as '3 W'")) == Fault("x: '3' has no unit", mend="Write a number with a unit, such as '3 W'.")
    assert mended(Fault("odd")).mend
    assert mended(Fault("odd", mend="Even it.")) == Fault("odd", mend="Even it.")
