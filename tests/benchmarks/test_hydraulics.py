"""The hydraulics benchmark reads files of its layout, judges them, and refuses by name what it cannot read."""

from __future__ import annotations

import copy
import json

import pytest
from benchmarks.hydraulics import main
from benchmarks.readers import epanet

INP = """[JUNCTIONS]
 A 0 100 day
[RESERVOIRS]
 R 50
[PIPES]
 P R A 1000 300 130 0 Open ; a comment
[PATTERNS]
 day 0.5 2.0
[TIMES]
 Pattern Timestep 2:00
 Pattern Start 2:00
[OPTIONS]
 Units LPS
 Headloss H-W
[END]
"""
# 10.667 x 1000 x 0.2^1.852 / (130^1.852 x 0.3^4.871) = 23.15 m for 200 L/s
HEAD_M = 50.0 - 10.6668 * 1000.0 * 0.2**1.852 / (130.0**1.852 * 0.3**4.871)
NET = {
    "tables": {
        "junction": {"columns": ["index", "height_m", "p_om"], "rows": [[0, 0.0, 2.0], [1, 0.0, 1.0]]},
        "pipe": {"columns": ["index", "from_junction", "to_junction", "length_km", "inner_diameter_mm", "k_mm", "loss_coefficient"], "rows": [[0, 0, 1, 0.1, 50.0, 0.1, 0.0]]},
        "ext_grid": {"columns": ["index", "junction", "p_bar", "type"], "rows": [[0, 0, 2.0, "pt"], [1, 1, 1.0, "pt"]]},
    },
    "fluid": {"density_293K": 998.2, "viscosity_293K": 1e-3},
    "expected_columns": ["p_om"],
    "peer": {"tool": "pandapipes 0.16.0", "friction_model": "colebrook", "max_abs_pressure_error_bar": 0.0005},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name in ("pandapipes", "epanet"):
        (tmp_path / name).mkdir()
    (tmp_path / "epanet" / "one.inp").write_text(INP)
    (tmp_path / "epanet" / "known_t0.csv").write_text(f"file,kind,element,value\none.inp,head,A,{HEAD_M}\none.inp,flow,P,0.2\n")
    (tmp_path / "pandapipes" / "net.json").write_text(json.dumps(NET))
    return tmp_path


def last(folder, capsys):
    assert main(["--instances", str(folder), "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_known_results_are_met(folder, capsys):
    said = last(folder, capsys)
    assert (said["cases"], said["proved"], said["equal_to_known"], said["worse_than_known"]) == (2, 2, 2, 0)
    assert said["largest_head_error_m"] < 1e-3
    assert (said["peer"], said["ratio"], said["within_0.001_bar"], said["peer_within_0.001_bar"]) == ("pandapipes 0.16.0", None, 1, 1)


def test_the_counts_are_told_in_words(folder, capsys):
    assert main(["--instances", str(folder)]) == 0
    assert "within 0.001 bar: ours 1 of 1 nets, pandapipes 0.16.0 1" in capsys.readouterr().out


def test_a_wrong_known_value_is_worse(folder, capsys):
    (folder / "epanet" / "known_t0.csv").write_text(f"file,kind,element,value\none.inp,head,A,{HEAD_M + 0.01}\n")
    assert last(folder, capsys)["worse_than_known"] == 1


def test_what_is_not_read_is_refused_by_name(folder, capsys):
    net = copy.deepcopy(NET)
    net["tables"]["compressor"] = {"columns": ["index"], "rows": [[0]]}
    (folder / "pandapipes" / "net.json").write_text(json.dumps(net))
    (folder / "epanet" / "one.inp").write_text(INP.replace("[PATTERNS]", "[LEAKAGE]"))
    assert main(["--instances", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "refused: table 'compressor'" in out
    assert "refused: section [LEAKAGE]" in out
    assert json.loads(out.splitlines()[-1])["refused"] == 2


def test_controls_and_clocks_at_the_start():
    text = INP.replace("[TIMES]", "[TANKS]\n T 10 4 1 9 20\n[CONTROLS]\n LINK P CLOSED IF NODE T ABOVE 3\n[TIMES]\n Start ClockTime 6 am")
    assert epanet.parse(text).settings == {"P": "CLOSED"}
    assert epanet.parse(text.replace("ABOVE 3", "BELOW 3")).settings == {}
    assert epanet.parse(text.replace("IF NODE T ABOVE 3", "AT CLOCKTIME 6 AM")).settings == {"P": "CLOSED"}


def test_an_empty_folder(tmp_path):
    assert main(["--instances", str(tmp_path)]) == 2
