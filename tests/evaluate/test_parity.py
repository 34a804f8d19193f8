"""Parity plots: well-formed, a mark for each scored row at its place, nothing for none."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from rackloom.evaluate import ValidatedCase, parity_plot
from rackloom.evaluate.parity import ticks

from .cases_text import prediction

NAME = "{http://www.w3.org/2000/svg}"


def case(name, value, measured, **other):
    made = prediction(value, measured, **other)
    return ValidatedCase(name, "s", made.quantity, made)


def test_a_mark_for_each_scored_row():
    cases = [case("a<b", 1.0, 1.0), case("c", 20.0, 10.0), case("d", 5.0, 5.0, quantity="tokens_per_s_per_gpu"), ValidatedCase("e", "s", "q", None, "why")]
    text = parity_plot(cases, lambda each: each.source)
    root = ElementTree.fromstring(text)
    told = [title.text for title in root.iter(f"{NAME}title")]
    assert told == ["a<b: 1.000 measured, 1.000 predicted, +0.0 %", "c: 10.00 measured, 20.00 predicted, +100.0 %", "d: 5.000 measured, 5.000 predicted, +0.0 %"]
    assert "prefers-color-scheme:dark" in text
    assert "nan" not in text


def test_a_true_prediction_lies_on_the_diagonal():
    root = ElementTree.fromstring(parity_plot([case("a", 1.0, 1.0), case("b", 100.0, 100.0), case("c", 20.0, 10.0)], lambda each: each.source))
    found = [(float(mark.get("cx")), float(mark.get("cy"))) for group in root.iter(f"{NAME}g") for mark in group.findall(f"{NAME}circle") if group.find(f"{NAME}title") is not None]
    (x0, y0), (x1, y1), (x2, y2) = found
    start, end = re.findall(r"[\d.]+ [\d.]+", next(line.get("d") for line in root.iter(f"{NAME}path") if line.get("class") == "rule"))
    (sx, sy), (ex, ey) = (map(float, point.split()) for point in (start, end))

    def diagonal(x):
        return sy + (ey - sy) * (x - sx) / (ex - sx)

    assert y0 == pytest.approx(diagonal(x0), abs=0.2)
    assert y1 == pytest.approx(diagonal(x1), abs=0.2)
    assert y2 < diagonal(x2) - 5  # predicted above measured lies above it
    assert x0 < x2 < x1


def test_nothing_scored_is_nothing_drawn():
    assert parity_plot([ValidatedCase("e", "s", "q", None, "why")], lambda each: each.source) == ""


def test_groups_past_the_colours_take_another_shape():
    cases = [case(str(index), 1.0 + index, 1.0) for index in range(9)]
    text = parity_plot(cases, lambda each: each.id)
    assert len(re.findall(r"<circle ", text)) == 2 * 7  # in the legend and in the panel
    assert len(re.findall(r"<rect x=", text)) == 2 * 2


def test_ticks():
    assert ticks(0.9, 12.0) == [1.0, 2.0, 5.0, 10.0]
    assert ticks(0.05, 200.0) == [0.1, 1.0, 10.0, 100.0]
