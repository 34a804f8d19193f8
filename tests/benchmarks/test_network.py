"""The network benchmark reads blocks of its layout, judges them, and names what it cannot read."""

from __future__ import annotations

import json

import pytest
from benchmarks.network import main, value_of

# 2 x 3 x 1e-6 + 2 x 3/4 x 4e8 / 1e9 = 0.600006 s
KNOWN = """
bus_bandwidth_factor: {source: nccl-tests, allreduce: 2*(n-1)/n, alltoall: (n-1)/n, broadcast: 1, reduce: 1}
fat_tree_closed_form:
  values:
  - {k: 4, two_level_hosts: 8, two_level_switches: 6, three_level_hosts: 16, three_level_switches: 20}
dragonfly_closed_form: {values: [{p: 1, hosts: 6}]}
ring_allreduce_closed_form: {values: [{n: 4, S_bytes: 4.0e+8, alpha_s: 1.0e-6, B_Bps: 1.0e+9, T_s: 0.600006}]}
measured: {rows: []}
"""


def last(tmp_path, capsys, text, status=0):
    (tmp_path / "known.yaml").write_text(text, encoding="utf-8")
    assert main(["--instances", str(tmp_path), "--json"]) == status
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_known_values_are_met(tmp_path, capsys):
    said = last(tmp_path, capsys, KNOWN)
    assert (said["cases"], said["proved"], said["equal_to_known"], said["worse_than_known"]) == (6, 3, 6, 0)
    assert said["mean_excess_percent"] < 1e-9
    assert said["not_read"] == ["measured", "bus_bandwidth_factor: reduce"]
    assert (said["peer_seconds"], said["ratio"]) == (None, None)


@pytest.mark.parametrize(
    ("right", "wrong"), [("T_s: 0.600006", "T_s: 0.700007"), ("two_level_hosts: 8", "two_level_hosts: 6"), ("hosts: 6}]", "hosts: 7}]"), ("alltoall: (n-1)/n", "alltoall: 1")]
)
def test_a_wrong_known_value_is_worse(tmp_path, capsys, right, wrong):
    assert right in KNOWN
    assert last(tmp_path, capsys, KNOWN.replace(right, wrong), status=1)["worse_than_known"] == 1


def test_each_case_has_its_line(tmp_path, capsys):
    (tmp_path / "other.yaml").write_text(KNOWN, encoding="utf-8")
    assert main(["--known", str(tmp_path / "other.yaml")]) == 0
    out = capsys.readouterr().out
    assert "fat tree, k=4: 6 values within 0.0e+00" in out
    assert "measured: not read" in out


def test_nothing_to_read(tmp_path, capsys):
    assert main(["--instances", str(tmp_path)]) == 2
    (tmp_path / "known.yaml").write_text("measured: {rows: []}\n", encoding="utf-8")
    assert main(["--instances", str(tmp_path)]) == 2
    assert "no block of fat_tree_closed_form" in capsys.readouterr().err


def test_a_formula_is_arithmetic_and_nothing_else():
    assert value_of("2*(n-1)/n", 4.0) == 1.5
    with pytest.raises(ValueError, match="no formula in n"):
        value_of("__import__('os')", 1.0)
