"""Strict YAML 1.2 with places: what stands where in a file that a person wrote.

`read_yaml` gives plain values and, for each path of keys, its line and column; `strict` turns them into models. Aliases
are bounded.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.resolver import BaseResolver

from .errors import BadInput, Fault, Place, nearest

MAX_BYTES = 20_000_000
MAX_NODES = 500_000  # values after aliases are followed; a real program has a few hundred
MAX_DEPTH = 60
_DEPTH_UNSEEN = 1000  # nesting that the parser can surely take; a text that may have more is measured first

Path_ = tuple[str | int, ...]


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
        return self.place_at(*self.values.get((), (1, 1)))

    def place_at(self, line: int, column: int) -> Place:
        """A place by line and column, both from 1."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Place(self.name, line, column, text)

    def view(self, at: Iterable[str | int]) -> Document:
        """What stands at a path as a document of its own; places stay those of this file."""
        at = tuple(at)
        value = self.value
        for step in at:
            value = value[step]
        inner = [{path[len(at) :]: mark for path, mark in table.items() if path[: len(at)] == at} for table in (self.keys, self.values)]
        return Document(self.name, value, self.lines, *inner)

    def where(self, path: Iterable[str | int]) -> str:
        """ "program.yaml:14", the source of a user's own figure."""
        return f"{Path(self.name).name}:{self.place(path).line}"


def read_yaml(path: str | Path, *, name: str | None = None) -> Document:
    """Read one YAML file whose top is a mapping; '-' is standard input. Raises BadInput with place and mend."""
    if str(path) == "-":
        return _from_stdin()
    path = Path(path)
    shown = name or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(Fault(f"{shown} is larger than {MAX_BYTES // 1_000_000} MB", mend="Split it, or name the right file."))
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except FileNotFoundError:
        near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else ""
        raise BadInput(Fault(f"no file '{shown}'", nearest=near, mend="Correct the name, or write the file.")) from None
    except IsADirectoryError:
        raise BadInput(Fault(f"'{shown}' is a folder", mend="Name a file in it.")) from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadInput(Fault(f"not UTF-8 text (byte {error.start})", Place(shown, line, 1), mend="Save it as UTF-8, or name the right file.")) from None
    except OSError as error:
        raise BadInput(Fault(f"{shown}: {error.strerror or error}", mend="Make it readable.")) from None
    return parse_yaml(text, shown)


def _from_stdin() -> Document:
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise BadInput(Fault(f"standard input is larger than {MAX_BYTES // 1_000_000} MB", mend="Split it, or name the right file."))
    try:
        return parse_yaml(raw.decode("utf-8"), "standard input")
    except UnicodeDecodeError as error:
        raise BadInput(Fault(f"not UTF-8 text (byte {error.start})", Place("standard input", raw[: error.start].count(b"\n") + 1, 1), mend="Send UTF-8 text.")) from None


def parse_yaml(text: str, name: str) -> Document:
    """As `read_yaml`, from text."""
    document = Document(name, None, tuple(text.splitlines()))
    try:
        _bound_depth(text, document)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).splitlines()[0]
        line = text[: getattr(error, "position", 0) or 0].count("\n") + 1  # a character that YAML does not allow has a position instead of a mark
        place = document.place_at(mark.line + 1, mark.column + 1) if mark else document.place_at(line, 1)
        if place.line > max(1, len(document.lines)):  # the parser met the end of the file
            place = document.place_at(max(1, len(document.lines)), 1)
        raise BadInput(Fault(f"not YAML: {what}", place, mend="Check indentation, quotes and brackets here.")) from None
    if not isinstance(node, yaml.MappingNode):
        kind = {yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value"}.get(type(node), "empty")
        raise BadInput(Fault(f"the file is {kind}: expected a mapping", Place(name, 1, 1, document.lines[0] if document.lines else ""), mend="Write 'key: value' lines."))
    reader = _Reader(document)
    document.value = reader.read(node, ())
    if reader.faults:
        raise BadInput(reader.faults)
    return document


def _bound_depth(text: str, document: Document) -> None:
    """Refuse a text that is nested so deeply that composing it would exhaust the stack: the parser composes recursively, in C."""
    if text.count("[") + text.count("{") < _DEPTH_UNSEEN and not re.search(rf"^[\s?:-]{{{_DEPTH_UNSEEN}}}", text, re.MULTILINE):
        return
    loader = _Loader(text)
    try:
        depth = 0
        while loader.check_event():
            event: Any = loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH_UNSEEN:
                mark = event.start_mark
                raise BadInput(Fault("nested too deeply", document.place_at(mark.line + 1, mark.column + 1), mend=f"At most {MAX_DEPTH} levels."))
    finally:
        loader.dispose()


class _Reader:
    """Nodes to values; notes places, refuses duplicate keys, bounds aliases."""

    def __init__(self, document: Document):
        self.document = document
        self.faults: list[Fault] = []
        self.count = 0
        self.open: set[int] = set()

    def read(self, node: yaml.Node, path: Path_) -> Any:
        self.gate(node)
        self.document.values.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
            return self.mapping(node, path)  # type: ignore[arg-type]  # of three kinds of nodes it is the third
        finally:
            self.open.discard(id(node))

    def gate(self, node: yaml.Node) -> None:
        """Count a value that is about to be read; refuse too many of them, too deep ones and loops."""
        self.count += 1
        place = self.document.place_at(node.start_mark.line + 1, node.start_mark.column + 1)
        if self.count > MAX_NODES:
            raise BadInput(Fault(f"more than {MAX_NODES:,} values once aliases are followed", place, mend="Write less, or fewer aliases of aliases."))
        if len(self.open) > MAX_DEPTH:
            raise BadInput(Fault("nested too deeply", place, mend=f"At most {MAX_DEPTH} levels."))
        if id(node) in self.open:
            raise BadInput(Fault("an alias that contains itself", place, mend="Remove the loop."))

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
            self.document.keys.setdefault((*path, key), (mark.line + 1, mark.column + 1))
            out[key] = self.read(value_node, (*path, key))
        for source in merged:
            if not isinstance(source, yaml.MappingNode):
                self.fault("'<<' merges a mapping", source.start_mark, "Give it an alias of a mapping.")
                continue
            self.gate(source)
            self.open.add(id(source))
            for key, value in self.mapping(source, path).items():
                out.setdefault(key, value)
            self.open.discard(id(source))
        return out

    def scalar(self, node: yaml.ScalarNode) -> Any:
        kind = node.tag.rpartition(":")[2]
        text = node.value
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in ("int", "float"):
            try:
                return _number(text) if kind == "float" else int(text, 0) if text[:2] in ("0x", "0o") else int(text)
            except ValueError:  # a tag of the user's own on something else, or thousands of digits
                self.fault(f"'{text[:57] + '...' if len(text) > 60 else text}' is not a number that can be read", node.start_mark, "Write a plain number.")
                return 0
        if not node.tag.startswith("tag:yaml.org,2002:str") and node.tag not in ("!", ""):
            self.fault(f"tag '{node.tag}' is not known", node.start_mark, "Remove the tag.")
        return text

    def fault(self, what: str, mark: Any, mend: str) -> None:
        self.faults.append(Fault(what, self.document.place_at(mark.line + 1, mark.column + 1), mend=mend))


def _number(text: str) -> float:
    return float(re.sub(r"\.(?=[iInN])", "", text))
