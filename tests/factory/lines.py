"""A small line with round numbers, for hand calculations."""

from rackloom.factory import Line, Operation
from rackloom.figures import Figure, assumption


def figure(key: str, value: float, unit: str, low: float | None = None, high: float | None = None) -> Figure:
    return assumption(f"preset.toy.{key}", value, unit, low=low, high=high)


def operation(
    name: str, minutes: float, *, per: str = "rack", stage: str = "assembly", crew: int = 1, lots: int = 1, after: tuple[str, ...] = (), spread: float = 0.0
) -> Operation:
    time = figure(f"{name}_minutes", minutes, "min", minutes * (1 - spread), minutes * (1 + spread)) if spread else figure(f"{name}_minutes", minutes, "min")
    return Operation(name, name, stage, (per,), time, crew, lots, after)


def toy(*, stations: int = 2, cells: int = 4, hall_w: float = 1_000_000.0, first_pass: float = 0.8, spread: float = 0.0) -> Line:
    return Line(
        "toy",
        "toy",
        (
            operation("frame", 30.0, crew=2, spread=spread),
            operation("tray", 5.0, per="compute_tray", crew=2, lots=2, after=("frame",), spread=spread),
            operation("pipe", 20.0, per="manifold", after=("frame",), spread=spread),
            operation("close", 10.0, after=("tray", "pipe"), spread=spread),
            operation("leak", 240.0, per="is_liquid_cooled", stage="test", after=("close",), spread=spread),
            operation("burn", 2880.0, stage="test", crew=0, after=("leak",), spread=spread),
        ),
        figure("stations_count", stations, "1"),
        figure("cells_count", cells, "1"),
        figure("hall_power_w", hall_w, "W"),
        figure("shift_hours_per_week", 40.0, "h/wk"),
        figure("test_hours_per_week", 168.0, "h/wk"),
        figure("uptime_share", 0.9, "1"),
        figure("test_uptime_share", 1.0, "1"),
        figure("first_pass_share", first_pass, "1"),
        figure("retest_share", 0.5, "1"),
        figure("repair_hours", 6.0, "h"),
        figure("cells_per_person_count", 4.0, "1"),
    )


RACK = {"compute_tray": 18.0, "manifold": 1.0, "power_load_w": 120_000.0, "is_liquid_cooled": 1.0, "accelerators": 72.0}
