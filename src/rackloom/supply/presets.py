"""Named presets of assumed offers, under fictitious suppliers. They ship with the catalogue and are used only by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..catalog import Catalog, data_folder
from ..errors import BadInput, Fault, Place, Unknown
from ..reading import Document, read_yaml
from .offers import Offer, read_offers

_PREFIX = "supply-"
_WRITTEN = "part supplier site country price price_date minimum_order multiple capacity lead_time qualification level hts controlled_by grade source note"
_KEYS = frozenset(_WRITTEN.split())


class _PresetRow(dict[str, Any]):
    """One offer of a preset and where it stands."""

    def __init__(self, values: Mapping[str, Any], document: Document, name: str):
        super().__init__(values)
        self.document = document
        self.name = name

    def place(self, key: str = "") -> Place:
        """Place of a value in the preset."""
        return self.document.place(("offers", self.name, key))


def supply_presets() -> list[str]:
    """Names of the presets that ship."""
    return sorted(path.stem.removeprefix(_PREFIX) for path in (data_folder() / "presets").glob(f"{_PREFIX}*.yaml"))


def load_supply_preset(name: str, catalog: Catalog) -> tuple[Offer, ...]:
    """The offers of a preset; every figure in it is an assumption of grade E. Raises Unknown with the nearest name."""
    known = supply_presets()
    if name not in known:
        raise Unknown("supply preset", name, known, mend=f"Presets: {', '.join(known)}.")
    return read_preset(data_folder() / "presets" / f"{_PREFIX}{name}.yaml", catalog)


def read_preset(path: str | Path, catalog: Catalog) -> tuple[Offer, ...]:
    """The offers of one preset file. Raises BadInput with all faults; a row may not claim a grade above E."""
    document = read_yaml(path, name=Path(path).name)
    defaults, offers = document.value.get("defaults") or {}, document.value.get("offers")
    if not isinstance(offers, dict) or not offers:
        raise BadInput(Fault("a preset of offers holds none", document.place(), mend="Add 'offers:' with one mapping an offer."))
    faults = [
        Fault(f"unknown key '{key}'", document.place(("offers", name, key), key=True), mend=f"Keys: {', '.join(sorted(_KEYS))}.")
        for name, raw in offers.items()
        for key in raw
        if key not in _KEYS
    ]
    faults += [
        Fault(f"grade '{raw['grade']}' in a preset", document.place(("offers", name, "grade")), mend="A preset holds assumptions: grade E.")
        for name, raw in offers.items()
        if raw.get("grade", "E") != "E"
    ]  # fmt: skip
    if faults:
        raise BadInput(faults)
    return read_offers([_PresetRow({"id": name, **defaults, **raw}, document, name) for name, raw in offers.items()], catalog=catalog, assumed=True)
