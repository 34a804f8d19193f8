"""A lab's release and a maker's plan from it: nothing of the model is in the file, and the story ends at the release."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from rackloom.errors import BadInput
from rackloom.needs import read_released, release_envelope
from rackloom.program import explain, lab_envelope, load_program, make_plan, make_release, read_policy, write_release
from rackloom.report import write_report

ROOT = Path(__file__).resolve().parents[2]
FIRST = ROOT / "examples" / "first"
STRATEGY_WORDS = ("tp", "pp", "ep", "dp", "cp", "batch", "strategy", "zero", "recompute", "layers", "experts", "heads", "hidden", "parameters", "model", "config", "seed", "draws", "vocab", "context", "input", "output")  # fmt: skip


@pytest.fixture(scope="module")
def made():
    program = load_program(FIRST / "program.yaml")
    policy = read_policy(FIRST / "release.yaml", program)
    return program, policy, make_release(program, policy)


@pytest.fixture(scope="module")
def maker(made, tmp_path_factory):
    """A maker's folder: the release, and a program that plans from it."""
    folder = tmp_path_factory.mktemp("maker")
    write_release(made[2], folder / "released.yaml")
    generations = "generations:\n  now: {rack: gb200-nvl72, volume_from: 2026-Q4}\ndemand: {now: 12 racks/quarter}\n"
    (folder / "program.yaml").write_text(f"as_of: 2026-11-22\nenvelope: released.yaml\n{generations}", encoding="utf-8")
    return folder


def test_the_file_holds_nothing_of_the_models_config(made):
    """No key and no integer above 16 of config.json, no name of model, need, rack or file, no word of a strategy."""
    program, policy, release = made
    body = release.text.partition("\n")[2]  # the first line is a remark
    config = json.loads((FIRST / "config.json").read_text(encoding="utf-8"))
    words = set(re.findall(r"[A-Za-z_]+", body))
    assert not words & set(config), words & set(config)
    assert not words & set(STRATEGY_WORDS), words & set(STRATEGY_WORDS)
    names = [program.needs["chat"].model.name, "chat", "program.yaml", "config.json", *(v for v in config.values() if isinstance(v, str) and len(v) > 4)]
    assert not [name for name in names if name.lower() in body.lower()]
    stated = {v for axis in policy.axes.values() for v in axis} | {float(year) for year in range(2026, 2032)}
    numbers = {float(n) for n in re.findall(r"(?<![\w.])[0-9][0-9.]*(?:e[-+]?[0-9]+)?", body)} - stated
    telling = {float(v) for v in config.values() if isinstance(v, int) and not isinstance(v, bool) and v > 16}
    assert telling, "the config has such numbers"
    assert not numbers & telling, numbers & telling


def test_the_file_holds_no_value_finer_than_the_policy(made):
    _, policy, release = made
    data = yaml.safe_load(release.text)
    step = np.log1p(policy.rounding_share)
    values = [v for need in data["needs"].values() for column in need["table"]["values"].values() for v in column if v]
    values += [v for row in data["envelope"] if row["unit"] != "temperature_k" for v in row["values"]]
    values += [v for need in data["needs"].values() for v in (*need["asked_tokens_per_s"], *need["growth_per_year"])]
    powers = np.log(values) / step
    assert len(values) > 1000
    assert np.all(np.abs(powers - np.round(powers)) < 0.02)


def test_the_envelope_keeps_only_what_does_not_tell(made):
    program, policy, _ = made
    whole, _ = lab_envelope(program, policy.like)
    out = release_envelope(whole, policy)
    assert {row.quantity for row in out.rows} == {"tokens_per_s", "memory_bytes_per_s"}
    assert {row.need for row in out.rows} == {"need-1"}
    assert all(row.system == "" and row.note == "" for row in out.rows)
    assert all(not row.formula and row.sources == ("released by the lab",) for row in out.ledger), "no derivation leaves the lab"
    for row in out.rows:
        direct = whole.find("chat", row.year, row.quantity)
        assert np.asarray(row.value) == pytest.approx(np.quantile(np.asarray(direct.value)[1:] if np.ndim(direct.value) else direct.value, policy.quantiles), rel=0.026)
    fewer = release_envelope(whole, replace(policy, years=(2028, 2028)))
    assert {row.year for row in fewer.rows} == {2028}
    assert release_envelope(whole, replace(policy, names={})).rows == ()


def test_what_is_written_is_read_back_and_a_change_is_noticed(made, tmp_path):
    release = made[2]
    path = write_release(release, tmp_path / "released.yaml")
    assert read_released(path) == release.released
    assert write_release(release, path) == path, "a release may be written over"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("growth_per_year: [1.477", "growth_per_year: [1.4"), encoding="utf-8")
    with pytest.raises(BadInput, match="is not that of the content"):
        read_released(path)
    path.write_text(text.replace("interval_share", "model_name: x\n      interval_share"), encoding="utf-8")
    with pytest.raises(BadInput, match="model_name"):
        read_released(path)


def test_the_same_program_releases_the_same_bytes(made):
    program, policy, release = made
    small = replace(policy, axes={name: axis[:1] for name, axis in policy.axes.items()})
    assert make_release(program, small).text == make_release(program, small).text != release.text


def test_a_program_is_never_written_over(made, tmp_path):
    target = tmp_path / "program.yaml"
    target.write_text((FIRST / "program.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(BadInput, match="is not a release"):
        write_release(made[2], target)


def test_the_attack_finds_the_model_itself_and_not_every_other(made):
    """The lab's own architecture is among those shipped: the attack that says how many fit must not lose it, nor keep all."""
    fit = made[2].fits["need-1"]
    assert fit.tried > 40
    assert 1 <= len(fit.by_rounding) <= len(fit.by_interval) < fit.tried / 2
    assert set(fit.by_rounding) <= set(fit.by_interval)


def test_a_maker_plans_from_the_release(made, maker, tmp_path):
    plan = make_plan(load_program(maker / "program.yaml"))
    direct = make_plan(made[0])
    told = plan.ledger["performance.need-1.released.now.tokens_per_s_per_accelerator"].value
    prefix = direct.data["needs"]["chat"]["estimates"]["now"]["prefix"]
    known = direct.ledger[f"{prefix}.tokens_per_s_per_accelerator"].value
    assert told == pytest.approx(known, rel=0.1), "the maker's figure is the lab's, but for rounding and 5 %"
    assert plan.ledger.dangling() == []
    story = explain(plan, "roadmap.need-1.now.racks_count")
    ends = [row for row in story.roots if row.key.startswith("released.")]
    assert ends
    assert all(row.sources == (made[2].released.origin,) for row in ends)
    assert made[2].released.origin == f"released by the lab, {made[2].released.id}, rounded to 5 %"
    assert {row["need"] for row in plan.data["envelope"]["rows"]} == {"need-1"}
    assert plan.data["needs"]["need-1"]["model"] is None
    page = write_report(plan, tmp_path / "report.html").read_text(encoding="utf-8")
    assert made[2].released.id in page
    assert "not released" in page


def test_a_generation_outside_of_the_table_is_refused_by_axis(maker):
    (maker / "outside.yaml").write_text((maker / "program.yaml").read_text(encoding="utf-8").replace("gb200-nvl72", "hgx-h200-air"), encoding="utf-8")
    with pytest.raises(BadInput, match="scale_up_domain_count"):
        make_plan(load_program(maker / "outside.yaml"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("envelope: nothing.yaml\n", "no file 'nothing.yaml'"),
        ("envelope: released.yaml\nneeds: {chat: {model: gpt2, rate: 1e5 tok/s, input: 10, output: 10}}\n", "not both"),
        ("envelope: program.yaml\n", "needs"),
    ],
)
def test_a_wrong_envelope_is_refused_in_words(maker, text, told):
    path = maker / "wrong.yaml"
    path.write_text(f"as_of: 2026-11-22\n{text}", encoding="utf-8")
    with pytest.raises(BadInput, match=told):
        load_program(path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rounding: 5 %", "rounding: 0.1 %", "is not from 1 % to 50 %"),
        ("{chat: need-1}", "{chat: chat}", "under its own name"),
        ("{chat: need-1}", "{chatt: need-1}", "no need 'chatt'"),
        ("[10 %, 50 %, 90 %]", "[50 %, 10 %]", "quantiles rise"),
        ("gb200-nvl72\naxes", "gb200-nvl7\naxes", "gb200-nvl72"),
        ("  memory: 180 to 450 GB\n", "", "memory"),
        ("3 to 12 PFLOP/s", "3 to 12 TB/s", "FLOP/s"),
    ],
)
def test_a_wrong_policy_is_refused_in_words(tmp_path, old, new, told):
    text = (FIRST / "release.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "release.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput, match=re.escape(told)):
        read_policy(tmp_path / "release.yaml", load_program(FIRST / "program.yaml"))
