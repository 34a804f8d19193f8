"""Strict YAML 1.2 with places: what stands where in a file that a person wrote.

`read_yaml` gives plain values and, for each path of keys, its line and column; `build` turns them into a strict pydantic
model and reports every fault at its place, with the nearest valid key and the mend. Aliases are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import yaml
from yaml.cyaml import CParser
from yaml.resolver import BaseResolver

from .errors import BadInput, Fault, Place, nearest

MAX_BYTES = 20_000_000
MAX_NODES = 500_000  # values after aliases are followed; a real program has a few hundred
MAX_DEPTH = 60

Path_ = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound=pydantic.BaseModel)


class _Resolver(BaseResolver):
    """YAML 1.2 core schema: 'no' and 'on' are words, '12:30' is text, 1e5 is a number."""


_Resolver.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Resolver.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), list("-+0123456789"))
_Resolver.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"),
    list("-+0123456789."),
)
_Resolver.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])
_Resolver.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])


class _Loader(CParser, _Resolver):
    def __init__(self, stream: Any):
        CParser.__init__(self, stream)
        _Resolver.__init__(self)


@dataclass
class Document:
    """A file as values and the places of its keys and values."""

    name: str  # as the user gave it
    value: Any
    lines: tuple[str, ...] = field(default=(), repr=False)
    keys: dict[Path_, tuple[int, int]] = field(default_factory=dict, repr=False)
    values: dict[Path_, tuple[int, int]] = field(default_factory=dict, repr=False)

    def place(self, path: Iterable[str | int] = (), *, key: bool = False) -> Place:
        """Place of the value at a path (or of its key); of the nearest parent when the path does not exist."""
        path = tuple(path)
        while path:
            table = self.keys if key and path in self.keys else self.values
            if path in table:
                return self.place_at(*table[path])
            path = path[:-1]
        return Place(self.name, 1, 1, self.lines[0] if self.lines else "")

    def place_at(self, line: int, column: int) -> Place:
        """A place by line and column, both from 1."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Place(self.name, line, column, text)

    def where(self, path: Iterable[str | int]) -> str:
        """ "program.yaml:14", the source of a user's own figure."""
        return f"{Path(self.name).name}:{self.place(path).line}"


def read_yaml(path: str | Path, *, name: str | None = None) -> Document:
    """Read one YAML file whose top is a mapping. Raises BadInput with place and mend."""
    path = Path(path)
    shown = name or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(Fault(f"{shown} is larger than {MAX_BYTES // 1_000_000} MB", mend="Split it, or name the right file."))
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else ""
        raise BadInput(Fault(f"no file '{shown}'", nearest=near, mend="Correct the name, or write the file.")) from None
    except IsADirectoryError:
        raise BadInput(Fault(f"'{shown}' is a folder", mend="Name a file in it.")) from None
    except UnicodeDecodeError as error:
        raise BadInput(Fault(f"{shown} is not UTF-8 text (byte {error.start})", mend="Save it as UTF-8.")) from None
    except OSError as error:
        raise BadInput(Fault(f"{shown}: {error.strerror or error}", mend="Make it readable.")) from None
    return parse_yaml(text, shown)


def parse_yaml(text: str, name: str) -> Document:
    """As `read_yaml`, from text."""
    document = Document(name, None, tuple(text.splitlines()))
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).splitlines()[0]
        place = document.place_at(mark.line + 1, mark.column + 1) if mark else Place(name)
        raise BadInput(Fault(f"not YAML: {what}", place, mend="Check indentation, quotes and brackets here.")) from None
    except RecursionError:
        raise BadInput(Fault("nested too deeply", Place(name), mend=f"At most {MAX_DEPTH} levels.")) from None
    if not isinstance(node, yaml.MappingNode):
        kind = {yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value"}.get(type(node), "empty")
        raise BadInput(Fault(f"the file is {kind}: expected a mapping", Place(name, 1, 1, document.lines[0] if document.lines else ""), mend="Write 'key: value' lines."))
    reader = _Reader(document)
    document.value = reader.read(node, ())
    if reader.faults:
        raise BadInput(reader.faults)
    return document


class _Reader:
    """Nodes to values; notes places, refuses duplicate keys, bounds aliases."""

    def __init__(self, document: Document):
        self.document = document
        self.faults: list[Fault] = []
        self.count = 0
        self.open: set[int] = set()

    def read(self, node: yaml.Node, path: Path_) -> Any:
        self.count += 1
        mark = node.start_mark
        if self.count > MAX_NODES:
            raise BadInput(
                Fault(
                    f"more than {MAX_NODES:,} values once aliases are followed",
                    self.document.place_at(mark.line + 1, mark.column + 1),
                    mend="Write less, or fewer aliases of aliases.",
                )
            )
        if len(path) > MAX_DEPTH:
            raise BadInput(Fault("nested too deeply", self.document.place_at(mark.line + 1, mark.column + 1), mend=f"At most {MAX_DEPTH} levels."))
        if id(node) in self.open:
            raise BadInput(Fault("an alias that contains itself", self.document.place_at(mark.line + 1, mark.column + 1), mend="Remove the loop."))
        self.document.values.setdefault(path, (mark.line + 1, mark.column + 1))
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
            return self.mapping(node, path)
        finally:
            self.open.discard(id(node))

    def mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        out: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            mark = key_node.start_mark
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self.fault("a key that is not a word", mark, "Keys are plain words.")
                continue
            key = key_node.value  # as written: '2027' and 'true' are words where they are keys
            if key in out:
                self.fault(f"'{key}' is given twice", mark, "Keep one of them.")
                continue
            self.document.keys[(*path, key)] = (mark.line + 1, mark.column + 1)
            out[key] = self.read(value_node, (*path, key))
        for source in merged:
            if not isinstance(source, yaml.MappingNode):
                self.fault("'<<' merges a mapping", source.start_mark, "Give it an alias of a mapping.")
                continue
            for key, value in self.mapping(source, path).items() if id(source) not in self.open else ():
                out.setdefault(key, value)
        return out

    def scalar(self, node: yaml.ScalarNode) -> Any:
        kind = node.tag.rpartition(":")[2]
        text = node.value
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        if kind == "float":
            return float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").replace(".nan", "nan").replace(".NaN", "nan").replace(".NAN", "nan"))
        if not node.tag.startswith("tag:yaml.org,2002:str") and node.tag not in ("!", ""):
            self.fault(f"tag '{node.tag}' is not known", node.start_mark, "Remove the tag.")
        return text

    def fault(self, what: str, mark: Any, mend: str) -> None:
        self.faults.append(Fault(what, self.document.place_at(mark.line + 1, mark.column + 1), mend=mend))


class Strict(pydantic.BaseModel):
    """Base of everything that is read from a file: frozen, no unknown keys, no silent conversions."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


def build(model: type[ModelT], document: Document, at: Path_ = (), faults: list[Fault] | None = None) -> ModelT | None:
    """Validate the value at a path of a document as `model`.

    With `faults` given, faults are appended there and None is returned; without, BadInput is raised.
    """
    value = document.value
    for step in at:
        value = value[step]
    try:
        return model.model_validate(value)
    except pydantic.ValidationError as error:
        found = [_fault_of(model, document, at, item) for item in error.errors(include_url=False)]
    found = sorted(dict.fromkeys(found), key=lambda fault: (fault.place.line, fault.place.column) if fault.place else (0, 0))
    if faults is None:
        raise BadInput(found)
    faults.extend(found)
    return None


def _fault_of(model: type[pydantic.BaseModel], document: Document, at: Path_, error: Mapping[str, Any]) -> Fault:
    path = (*at, *(step for step in error["loc"] if not _is_internal(step)))
    kind = error["type"]
    name = path[-1] if path else ""
    if kind == "extra_forbidden":
        choices = _fields_at(model, error["loc"][:-1])
        mend = f"Keys here: {', '.join(choices)}." if choices else "Remove it."
        return Fault(f"unknown key '{name}'", document.place(path, key=True), nearest=nearest(name, choices), mend=mend)
    if kind == "missing":
        return Fault(f"'{name}' is missing", document.place(path[:-1]), mend=f"Add '{name}:' here.")
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return Fault(f"{name}: {message[0].lower() + message[1:] if message else kind}", document.place(path))


def _is_internal(step: str | int) -> bool:
    """Steps that pydantic adds for unions and validators and that stand in no file."""
    return isinstance(step, str) and ("[" in step or step in ("str", "int", "float", "dict", "list") or step.startswith(("function-", "tagged-")))


def _fields_at(model: Any, loc: tuple[str | int, ...]) -> list[str]:
    """Field names of the model that a location leads to, as they are written in files."""
    current: Any = model
    for step in loc:
        if not (isinstance(current, type) and issubclass(current, pydantic.BaseModel)):
            current = _model_in(current, str(step))
            continue
        info = next((f for n, f in current.model_fields.items() if step in (n, f.alias)), None)
        current = _model_in(info.annotation, str(step)) if info else current
    if isinstance(current, type) and issubclass(current, pydantic.BaseModel):
        return [info.alias or name for name, info in current.model_fields.items()]
    return []


def _model_in(annotation: Any, hint: str) -> Any:
    """The model inside an annotation such as `dict[str, Need] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    found = [m for m in (_model_in(arg, hint) for arg in getattr(annotation, "__args__", ())) if m is not None]
    return next((m for m in found if m.__name__ == hint), found[0] if found else None)
