"""A config.json as values and the places of its keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import BadInput, Fault, Place, nearest
from ...reading import Document, parse_yaml

MAX_BYTES = 2_000_000  # a real one has 1 to 10 kB


class ConfigDocument:
    """Values of a config; places are looked up when a fault needs one, and are None for a mapping that stands in no file."""

    def __init__(self, value: Mapping[str, Any], name: str = "", text: str = ""):
        self.value = value
        self.name = name
        self.text = text
        self._places: Document | None = None

    def locate(self, path: tuple[str | int, ...], key: bool) -> Place | None:
        """Place of the value at a path, or of its key."""
        if not self.name:
            return None
        if self._places is None:
            self._places = parse_yaml(_as_yaml(self.text), self.name)
        return self._places.place(path, key=key)


def read_config(path: str | Path, *, shown: str | None = None) -> ConfigDocument:
    """Read a config.json, or the one in a folder. Raises BadInput with place and mend; `shown` names the file in faults."""
    path = Path(path)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise BadInput(Fault(f"folder '{shown or path}' holds no config.json", mend="Name the file itself."))
        path, shown = path / "config.json", f"{shown or path}/config.json"
    name = shown or str(path)
    text = _read_text(path, name)
    doubles: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(items)
        if len(out) < len(items):
            doubles.append(next(key for index, (key, _) in enumerate(items) if any(key == other for other, _ in items[:index])))
        return out

    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        lines = text.splitlines()
        line = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
        raise BadInput(
            Fault(f"not JSON: {error.msg[0].lower()}{error.msg[1:]}", Place(name, error.lineno, error.colno, line), mend="Check commas, quotes and brackets here.")
        ) from None
    except RecursionError:
        raise BadInput(Fault("nested too deeply", Place(name), mend="A model's config is a flat mapping.")) from None
    except ValueError as error:  # a number with thousands of digits
        raise BadInput(Fault(f"not a model's config: {error}", Place(name), mend="Take the file from the model's published repository.")) from None
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "a single value"
        raise BadInput(Fault(f"the file is {kind}: expected the mapping of a Hugging Face config.json", Place(name, 1, 1, text.splitlines()[0])))
    if doubles:
        parse_yaml(_as_yaml(text), name)  # tells the place of each
        raise BadInput(Fault(f"'{doubles[0]}' is given twice", Place(name), mend="Keep one of them."))
    return ConfigDocument(value, name, text)


def _as_yaml(text: str) -> str:
    """JSON as the YAML reader takes it: tabs, which YAML refuses, become one space each, so that columns stay."""
    return text.replace("\t", " ")


def _read_text(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(Fault(f"{name} is larger than {MAX_BYTES // 1_000_000} MB: a model's config has a few kB", mend="Name the config.json, not the weights."))
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else ""
        raise BadInput(Fault(f"no file '{name}'", nearest=near, mend="Correct the name, or write the file.")) from None
    except UnicodeDecodeError as error:
        raise BadInput(Fault(f"{name} is not UTF-8 text (byte {error.start})", mend="Name the config.json, not the weights.")) from None
    except OSError as error:
        raise BadInput(Fault(f"{name}: {error.strerror or error}", mend="Make it readable.")) from None
