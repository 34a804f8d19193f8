"""Planted faults: every command that reads them leaves with status 2, names each with its line and the mend, and writes nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rackloom.cli.main import main

FRONTIER = Path(__file__).resolve().parents[2] / "examples" / "frontier"

PROGRAM = """\
as_of: 2026-11-22
needs:
  chat: {model: config.json, rate: 1e5 tok/s, input: 2000, output: 500, ttft_p95: 2 s}
generations:
  now: {rack: gb300-nvl72, volume_from: 2026-Q4}
  next: {rack: racks/next.yaml, volume_from: 2027-Q4}
  later:
    rack:
      like: gb300-nvl72
      power: {redundancy: N+1}
      assemblies:
        compute: {parts: [4 x b300, 2 x grace]}
    volume_from: 2028-Q1
demand: {now: 20 racks/quarter, next: 10 racks/quarter}
supply: {use: us-2026, offers: offers.csv, enter_as: tray}
line: {site: houston, use: l11-basic, racks_per_week: 4}
evaluation: [results/*.yaml]
option: {racks: 0 to 40, window: 2027-03 to 2028-03, price: 3.9 MUSD}
scenarios: {hot: {gb300.tdp_w: 1500 W}}
"""
RACK = """\
like: gb300-nvl72
power: {feeds: 8 x 415 V, redundancy: N+N}
assemblies:
  compute: {parts: [4 x b300, 2 x grace]}
"""
CONFIG = """\
{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
 "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 8192, "torch_dtype": "bfloat16"}
"""
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 9))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in {"program.yaml": PROGRAM, "racks/next.yaml": RACK, "config.json": CONFIG}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "offers.csv").write_text("part,supplier,country,price,price_date\nconnectx-8,Someone,TW,900 USD,2026-01-05\n")
    shutil.copytree(FRONTIER / "results", tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


def run(monkeypatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["rackloom", *words])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code


def refused(folder, monkeypatch, capsys, *words: str) -> str:
    """Run `rackloom`, hold that it refuses as it must, and give what it said."""
    before = listing(folder)
    status = run(monkeypatch, *words)
    out, err = capsys.readouterr()
    assert status == 2, err
    assert out == ""
    assert "Traceback" not in err
    assert listing(folder) == before
    return err


def every_fault_has_place_and_mend(err: str) -> int:
    """Number of faults: each begins with file:line:column, and a caret or an indented line with the mend follows."""
    heads = [index for index, line in enumerate(err.splitlines()) if line and not line.startswith(" ") and "nothing was computed" not in line]
    lines = err.splitlines()
    for index in heads:
        assert re.match(r"^[\w./-]+:\d+(:\d+)?: \S", lines[index]), lines[index]
        body = []
        for line in lines[index + 1 :]:
            if not line.startswith(" "):
                break
            body.append(line)
        mend = body[-1].lstrip(" ^") if body else ""
        assert len(mend) > 8, lines[index]
    return len(heads)


def changed(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text, old
    (folder / name).write_text(text.replace(old, new, 1))


# file, what stands there, what is planted, where it is told, words that must be said
PLANTED = [
    ("program.yaml", "as_of:", "colour: blue\nas_of:", "program.yaml:1:1", ["unknown key 'colour'", "Keys here: version, as_of"]),
    ("program.yaml", "ttft_p95: 2 s", "tttf_p95: 2 s", "program.yaml:3:73", ["unknown key 'tttf_p95'", "nearest: 'ttft_p95'"]),
    ("racks/next.yaml", "power: {feeds: 8 x 415 V, redundancy: N+N}", "power: 132", "racks/next.yaml:2:8",
     ["power: 132 is not a mapping: expected keys feeds, kind, redundancy, sides, breaker, ", "Write 'power: {feeds: 4 x 415 V}'"]),
    ("program.yaml", "power: {redundancy: N+1}", "power: 132", "program.yaml:10:14", ["power: 132 is not a mapping", "Write 'power: {feeds: 4 x 415 V}'"]),
    ("program.yaml", "{redundancy: N+1}", "{redundancy: N+3}", "program.yaml:10:27", ["'N+3' is not one of 'N', 'N+1' or 'N+N'", "Write one of"]),
    ("program.yaml", "{redundancy: N+1}", "{redundance: N+1}", "program.yaml:10:15", ["unknown key 'redundance'", "nearest: 'redundancy'"]),
    ("program.yaml", "{redundancy: N+1}", "{load: -5 kW}", "program.yaml:10:21", ["'-5 kW' is below 0"]),
    ("racks/next.yaml", "2 x grace", "2 x graec", "racks/next.yaml:4:31", ["no part 'graec' in the catalogue", "nearest: 'grace'"]),
    ("program.yaml", "2 x grace", "2 x graec", "program.yaml:12:37", ["no part 'graec' in the catalogue", "nearest: 'grace'"]),
    ("racks/next.yaml", "4 x b300", "-4 x b300", "racks/next.yaml:4:21", ["a count is 1 or more", "Write '4 x gb300'"]),
    ("program.yaml", "4 x b300", "-4 x b300", "program.yaml:12:27", ["a count is 1 or more", "Write '4 x gb300'"]),
    ("program.yaml", "racks_per_week: 4", "racks_per_week: 4, stations: -3", "program.yaml:16:68", ["stations: -3 is not above 0", "Write a number above 0"]),
    ("program.yaml", "compute: {parts: [4 x b300, 2 x grace]}", "compute: {parts: [4 x b300, lid]}\n        lid: {parts: [compute]}", "program.yaml:12:",
     ["contains itself: compute -> lid -> compute", "Take one of them out"]),
    ("racks/next.yaml", "compute: {parts: [4 x b300, 2 x grace]}", "compute: {parts: [4 x b300, lid]}\n  lid: {parts: [compute]}", "racks/next.yaml:4:",
     ["contains itself: compute -> lid -> compute", "Take one of them out"]),
    ("racks/next.yaml", "like: gb300-nvl72", "like: next.yaml", "racks/next.yaml:1:7", ["'like' runs in a circle", "stand on its own"]),
    ("program.yaml", "like: gb300-nvl72", "like: racks/nxt.yaml", "program.yaml:9:13", ["no rack 'racks/nxt.yaml'", "nearest: 'racks/next.yaml'"]),
    ("program.yaml", "rack: racks/next.yaml", "rack: racks/nxt.yaml", "program.yaml:6:16", ["no file 'racks/nxt.yaml'", "nearest: 'racks/next.yaml'"]),
    ("program.yaml", "rack: racks/next.yaml", "rack: " + "n" * 300 + ".yaml", "program.yaml:6:16", ["no file 'nnn"]),
    ("program.yaml", "rack: gb300-nvl72", "rack: gb30-nvl72", "program.yaml:5:15", ["no rack 'gb30-nvl72'", "nearest: 'gb300-nvl72'", "Shipped racks:"]),
    ("program.yaml", "rack: gb300-nvl72", "rack: [gb300-nvl72]", "program.yaml:5:15", ["rack: a list is not text or a mapping"]),
    ("program.yaml", "rack: gb300-nvl72", "rack: 300", "program.yaml:5:15", ["rack: 300 is not text or a mapping"]),
    ("program.yaml", "now: 20 racks", "nwo: 20 racks", "program.yaml:14:10", ["demand for 'nwo', which is no generation", "nearest: 'now'", "Generations here: now, next, later"]),
    ("program.yaml", "now: 20 racks/quarter", "now: 20", "program.yaml:14:15", ["'20' has no unit"]),
    ("program.yaml", "site: houston", "site: huston", "program.yaml:16:14", ["no site 'huston'", "nearest: 'houston'"]),
    ("program.yaml", "use: l11-basic", "use: l11-basci", "program.yaml:16:28", ["no line preset 'l11-basci'", "nearest: 'l11-basic'"]),
    ("program.yaml", "use: us-2026", "use: us-2027", "program.yaml:15:15", ["no supply preset 'us-2027'", "nearest: 'us-2026'"]),
    ("program.yaml", "enter_as: tray", "enter_as: trays", "program.yaml:15:54", ["nearest: 'tray'"]),
    ("program.yaml", "results/*.yaml", "result/*.yaml", "program.yaml:17:14", ["no file matches 'result/*.yaml'"]),
    ("program.yaml", "results/*.yaml", "a**b", "program.yaml:17:14", ["no file matches 'a**b'"]),
    ("program.yaml", "offers: offers.csv", "offers: offer.csv", "program.yaml:15:32", ["no file 'offer.csv'", "nearest: 'offers.csv'"]),
    ("offers.csv", "900 USD", "-900 USD", "offers.csv:2:4", ["price '-900 USD' is negative"]),
    ("offers.csv", "connectx-8", "conectx-8", "offers.csv:2:1", ["no part 'conectx-8'", "nearest: 'connectx-8'"]),
    ("program.yaml", "model: config.json", "model: confg.json", "program.yaml:3:17", ["no file 'confg.json'", "nearest: 'config.json'"]),
    ("program.yaml", "model: config.json", "model: llama-3.1-406b", "program.yaml:3:17", ["nearest: 'llama-3.1-405b'"]),
    ("config.json", "{", "[{", ":", ["config.json"]),
    ("config.json", "LlamaForCausalLM", "LamaForCausalLM", ":", ["'LamaForCausalLM' is not known", "LlamaForCausalLM"]),
    ("program.yaml", "2026-Q4", "2026-Q5", "program.yaml:5:41", ["volume_from: '2026-Q5' is not a date", "Write 2027-06-01, 2027-06 or 2027-Q2"]),
    ("program.yaml", "rate: 1e5 tok/s", "rate: 132", "program.yaml:3:36", ["'132' has no unit", "such as '2e6 tok/s'"]),
    ("program.yaml", "rate: 1e5 tok/s", "rate: 1e400 tok/s", "program.yaml:3:36", ["is not finite"]),
    ("program.yaml", "rate: 1e5 tok/s, ", "", "program.yaml:3:9", ["a serving need also says rate", "Add 'rate: 2e6 tok/s'"]),
    ("program.yaml", "rate: 1e5 tok/s", "rate: 1e5 tok/s, tokens: 1e12", "program.yaml:3:9", ["not both"]),
    ("program.yaml", "gb300.tdp_w", "gb300.tpd_w", "program.yaml:", ["no figure 'gb300.tpd_w'", "nearest: 'gb300.tdp_w'"]),
    ("program.yaml", "as_of: 2026-11-22\n", "as_of: 2026-11-22\nas_of: 2026-11-23\n", "program.yaml:2:1", ["'as_of' is given twice", "Keep one of them"]),
    ("program.yaml", "as_of: 2026-11-22\n", "", "program.yaml:1:1", ["'as_of' is missing", "Add 'as_of: 2027-Q2'"]),
    ("program.yaml", "as_of: 2026-11-22\n", "as_of: 2026-11-22\ncatalog: [partz]\n", "program.yaml:2:11", ["no catalogue folder 'partz'"]),
    ("program.yaml", "as_of: 2026-11-22\n", "as_of: 2026-11-22\nrelease: policy.yaml\n", "program.yaml:2:10", ["does not read 'release' yet", "Remove it"]),
    ("program.yaml", "as_of: 2026-11-22\n", "as_of: 2026-11-22\nversion: two\n", "program.yaml:2:10", ["version: 'two' is not 1"]),
    ("program.yaml", "as_of: 2026-11-22\n", "as_of: 2026-11-22\nname: 7\n", "program.yaml:2:7", ["name: 7 is not text", "quotes"]),
    ("program.yaml", "as_of: 2026-11-22\n", "as_of: 2026-11-22\nparties: {labs: x}\n", "program.yaml:2:11", ["unknown key 'labs'", "nearest: 'lab'"]),
    ("program.yaml", "evaluation: [results/*.yaml]", "evaluation: {a: 1}", "program.yaml:17:13", ["evaluation: a mapping is not a list or text"]),
    ("program.yaml", "window: 2027-03 to 2028-03", "window: 2028-03 to 2027-03", "program.yaml:18:34", ["ends before it begins"]),
    ("program.yaml", "price: 3.9 MUSD", "price: 3.9 MUSD, generation: nwo", "program.yaml:18:83", ["option on 'nwo'", "nearest: 'now'"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "place", "words"), PLANTED, ids=[f"{number}-{fault[4][0][:40]}" for number, fault in enumerate(PLANTED)])
def test_a_planted_fault_is_named_with_its_line_and_the_mend(folder, monkeypatch, capsys, name, old, new, place, words):
    if words[0].startswith("no figure"):
        (folder / "program.yaml").write_text(PROGRAM.replace("scenarios: {hot: {gb300.tdp_w: 1500 W}}", "assumptions: {gb300.tdp_w: 1500 W}"))
    changed(folder, name, old, new)
    err = refused(folder, monkeypatch, capsys, "plan", "program.yaml", "--json")
    assert every_fault_has_place_and_mend(err) == 1, err
    assert place in err
    assert all(word in err for word in words), err


WHOLE = [
    ("- a\n- b\n", "program.yaml:1:1", ["the file is a list: expected a mapping", "Write 'key: value' lines."]),
    ("only words\n", "program.yaml:1:1", ["the file is a single value"]),
    ("", "program.yaml:1:1", ["the file is empty"]),
    (BOMB, "program.yaml:", ["values once aliases are followed", "fewer aliases"]),
    (MERGES, "program.yaml:", ["values once aliases are followed", "fewer aliases"]),
    ("as_of: " + "[" * 200_000, "program.yaml:1:", ["nested too deeply"]),
    ("- " * 200_000, "program.yaml:1:", ["nested too deeply"]),
    ("as_of: &a [*a]\n", "program.yaml:1:", ["an alias that contains itself"]),
    ("as_of: [1\nneeds", "program.yaml:2", ["not YAML", "Check indentation"]),
    ("as_of: 2026-11-22\nneeds:\n\tchat: 1\n", "program.yaml:3", ["not YAML"]),
    ("as_of: !!python/object:os.system x\n", "program.yaml:1:8", ["tag", "is not known"]),
    ("as_of: !!int x\n", "program.yaml:1:8", ["'x' is not a number"]),
    ("as_of: 2026-11-22\nseed: " + "9" * 5000, "program.yaml:2:7", ["is not a number that can be read"]),
    ("as_of: 2026-11-22\nname: \x07\n", "program.yaml:2", ["not YAML"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "words"), WHOLE, ids=[words[0][:30] + str(number) for number, (_, _, words) in enumerate(WHOLE)])
def test_a_file_that_is_no_program_is_refused_at_its_line(folder, monkeypatch, capsys, text, place, words):
    (folder / "program.yaml").write_text(text)
    err = refused(folder, monkeypatch, capsys, "plan", "program.yaml", "--out", "out")
    every_fault_has_place_and_mend(err)
    assert place in err
    assert all(word in err for word in words), err


def test_a_binary_file_is_refused_at_its_line(folder, monkeypatch, capsys):
    (folder / "program.yaml").write_bytes(b"as_of: 2026\nname: \xff\xfe\x00\n")
    err = refused(folder, monkeypatch, capsys, "plan", "program.yaml")
    assert err.startswith("program.yaml:2:1: not UTF-8 text")
    assert every_fault_has_place_and_mend(err) == 1


def test_a_missing_program_and_a_folder_are_told_with_the_mend(folder, monkeypatch, capsys):
    err = refused(folder, monkeypatch, capsys, "plan", "progam.yaml")
    assert err == "no file 'progam.yaml'\n    nearest: 'program.yaml'. Correct the name, or write the file.\n"
    assert "'racks' is a folder" in refused(folder, monkeypatch, capsys, "plan", "racks", "--json")


def test_an_unknown_scenario_is_told_where_scenarios_stand(folder, monkeypatch, capsys):
    err = refused(folder, monkeypatch, capsys, "plan", "program.yaml", "--scenario", "hto", "--json")
    assert "program.yaml:19:1: no scenario 'hto'" in err
    assert "nearest: 'hot'. Scenarios here: hot." in err


@pytest.mark.parametrize("words", [("--out", "config.json"), ("--out", "config.json/below"), ("--store", "config.json")], ids=" ".join)
def test_a_file_where_a_folder_is_to_be_written_is_told_before_any_work(folder, monkeypatch, capsys, words):
    monkeypatch.setattr("rackloom.program.load_program", lambda *rest, **more: pytest.fail("the program was read"))
    err = refused(folder, monkeypatch, capsys, "plan", "program.yaml", *words)
    assert "'config.json' is a file" in err
    assert f"Give a folder with {words[0]}." in err


TEN = [
    ("program.yaml", "ttft_p95", "tttf_p95", "program.yaml:3:72"),
    ("program.yaml", "config.json", "confg.json", "program.yaml:3:17"),
    ("program.yaml", "rack: gb300-nvl72", "rack: gb30-nvl72", "program.yaml:5:15"),
    ("program.yaml", "volume_from: 2027-Q4", "volume_from: soon", "program.yaml:6:46"),
    ("program.yaml", "{redundancy: N+1}", "132", "program.yaml:10:14"),
    ("program.yaml", "2 x grace", "2 x graec", "program.yaml:12:37"),
    ("program.yaml", "next: 10", "nxet: 10", "program.yaml:14:33"),
    ("program.yaml", "us-2026", "us-2027", "program.yaml:15:15"),
    ("program.yaml", "houston", "huston", "program.yaml:16:14"),
    ("program.yaml", "results/*.yaml", "result/*.yaml", "program.yaml:17:14"),
    ("program.yaml", "3.9 MUSD", "3.9", "program.yaml:18:61"),
    ("racks/next.yaml", "like: gb300-nvl72", "colour: red\nlike: gb300-nvl72", "racks/next.yaml:1:1"),
    ("racks/next.yaml", "4 x b300", "-4 x b300", "racks/next.yaml:5:21"),
    ("offers.csv", "900 USD", "900 kg", "offers.csv:2:4"),
]  # fmt: skip


def test_faults_of_all_sections_and_files_are_told_at_once_in_order(folder, monkeypatch, capsys):
    for name, old, new, _ in TEN:
        changed(folder, name, old, new)
    err = refused(folder, monkeypatch, capsys, "plan", "program.yaml", "--json")
    assert refused(folder, monkeypatch, capsys, "plan", "program.yaml", "--out", "out") == err
    assert [place for *_, place in TEN if place not in err] == []
    assert every_fault_has_place_and_mend(err) == len(TEN), err
    assert err.endswith(f"{len(TEN)} faults; nothing was computed.\n")
    own = [int(line) for line in re.findall(r"^program\.yaml:(\d+)", err, re.MULTILINE)]
    assert own == sorted(own)


def test_a_rack_alone_is_refused_in_the_same_words(folder, monkeypatch, capsys):
    changed(folder, "racks/next.yaml", "{feeds: 8 x 415 V, redundancy: N+N}", "132")
    changed(folder, "racks/next.yaml", "4 x b300", "-4 x b300")
    err = refused(folder, monkeypatch, capsys, "design", "racks/next.yaml", "--json")
    assert every_fault_has_place_and_mend(err) == 2
    assert "racks/next.yaml:2:8: power: 132 is not a mapping" in err


def test_the_installed_command_says_the_same_in_a_process_of_its_own(folder):
    for name, old, new, _ in TEN:
        changed(folder, name, old, new)
    before = listing(folder)
    command = [sys.executable, "-c", "from rackloom.cli import main; main()", "plan", "program.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert every_fault_has_place_and_mend(done.stderr) == len(TEN)
    assert listing(folder) == before


def test_the_program_without_faults_is_read(folder):
    from rackloom.program import load_program

    assert set(load_program("program.yaml", scenario="hot").designs) == {"now", "next", "later"}
