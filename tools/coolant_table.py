"""Write the catalogue's tables of coolants from CoolProp: python tools/coolant_table.py (needs `make peers`, or CoolProp in any environment).

Water by IAPWS as CoolProp has it; its mixtures with glycol by the ASHRAE tables as CoolProp fits them, share by volume. CoolProp gives no
vapour pressure of these mixtures below 100 C; that of water is written, which no mixture with a less volatile glycol exceeds.
"""

from __future__ import annotations

from pathlib import Path

from CoolProp.CoolProp import PropsSI, get_global_param_string

TARGET = Path(__file__).resolve().parents[1] / "src" / "rackloom" / "catalog" / "data" / "coolants.yaml"
CELSIUS = range(0, 100, 10)
SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)  # CoolProp's mixtures hold from 0.1 to 0.6
PRESSURE_PA = 3e5
PROPERTIES = {"density_kg_per_m3": "D", "cp_j_per_kg_k": "C", "viscosity_pa_s": "V", "conductivity_w_per_m_k": "L"}
FLUIDS = {"coolant-pg": ("APG", "propylene glycol in water"), "coolant-eg": ("AEG", "ethylene glycol in water")}


def table_of(name: str) -> str:
    """One table as YAML: a row a temperature, a column a share of glycol."""
    fluid, title = FLUIDS[name]
    lines = [
        f"{name}:", "  kind: coolant_table", f'  title: "{title}, by temperature and share of glycol by volume; the first column is water"',
        f'  document: "CoolProp {get_global_param_string("version")}: INCOMP::{fluid} and Water, at 3 bar; tools/coolant_table.py"', "  source: coolprop_tables", "  grade: B",
        f"  celsius: [{', '.join(str(t) for t in CELSIUS)}]", f"  glycol_share: [{', '.join(f'{x:g}' for x in (0.0, *SHARES))}]",
    ]  # fmt: skip
    for key, letter in PROPERTIES.items():
        lines.append(f"  {key}:")
        for celsius in CELSIUS:
            state = ("T", celsius + 273.15, "P", PRESSURE_PA)
            row = [PropsSI(letter, *state, "Water"), *(PropsSI(letter, *state, f"INCOMP::{fluid}[{x}]") for x in SHARES)]
            lines.append(f"    - [{', '.join(f'{value:.6g}' for value in row)}]  # {celsius} C")
    vapour = [PropsSI("P", "T", max(celsius + 273.15, 273.16), "Q", 0, "Water") for celsius in CELSIUS]  # liquid and vapour meet from the triple point on
    freezing = [273.15, *(PropsSI("T_FREEZE", "T", 313.15, "P", PRESSURE_PA, f"INCOMP::{fluid}[{x}]") for x in SHARES)]
    return "\n".join([*lines, f"  water_vapour_pressure_pa: [{', '.join(f'{p:.6g}' for p in vapour)}]", f"  freezing_kelvin: [{', '.join(f'{t:.2f}' for t in freezing)}]"])


HEAD = "# Coolants by temperature and share of glycol. Written by tools/coolant_table.py: change it there. catalog/coolants.py reads it."


if __name__ == "__main__":
    TARGET.write_text("\n\n".join([HEAD, *(table_of(name) for name in FLUIDS)]) + "\n", encoding="utf-8", newline="\n")
    print(TARGET.name)
