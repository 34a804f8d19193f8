"""Strict YAML with places: 1.2 words, duplicate keys, bounded aliases, faults at their place."""

from __future__ import annotations

import pytest
from pydantic import Field

from rackloom.errors import BadInput
from rackloom.reading import Strict, build, parse_yaml, read_yaml


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
