"""Results on disk, and the tables of BENCHMARKS.md."""

import json
import pathlib

from rows import ROWS, say

BEGIN = "<!-- bench: written by scripts/bench -->"
END = "<!-- bench: end -->"
RESULTS = pathlib.Path(__file__).resolve().parent / "results"


class Result:
    """What measuring one subset gives."""

    def __init__(self, subset, context):
        self.subset = subset
        self.context = context
        self.rows = []
        self.sides = []
        self.machine = context.machine()

    def add(self, row):
        self.rows.append(row)
        say(line(row))

    def finish(self):
        """Writes everything measured; the figures of a quick run go nowhere near the others."""
        if not self.sides and not self.rows:
            return
        folder = self.context.work if self.context.quick else RESULTS
        folder.mkdir(parents=True, exist_ok=True)
        sides = [
            {"name": side.name, "facts": side.facts, "warmups": side.warmups, "slices": side.slices}
            for side in self.sides
        ]
        content = {
            "subset": self.subset,
            "quick": self.context.quick,
            **self.machine,
            "rows": self.rows,
            "sides": sides,
        }
        path = folder / f"{self.subset}.json"
        path.write_text(json.dumps(content, indent=1) + "\n")
        say(f"{self.subset}: {path}")


def number(value, unit):
    if value is None:
        return "-"
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if unit.startswith("bytes") and value >= size:
            return f"{value / size:.2f} {letter}"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def spread(row, side):
    """The median, and how far samples lay from it, in percent of it."""
    median, ends = row[side], (row.get("spread") or {}).get(side)
    if median is None:
        return "-"
    text = number(median, row["unit"])
    if not ends or not median:
        return text
    return f"{text} (-{100 * (1 - ends[0] / median):.0f} +{100 * (ends[1] / median - 1):.0f} %)"


def judged(row):
    sign = "at least" if row["better"] == "higher" else "at most"
    return f"{sign} {row['target']:g}" if row["target"] is not None else "-"


def line(row):
    note = f"; {row['note']}" if row.get("note") else ""
    ratio = "" if row["ratio"] is None else f", ratio {row['ratio']:.4g}"
    holds = {True: "holds", False: "does not hold", None: "not measured"}[row["holds"]]
    return (
        f"{row['what']}: {spread(row, 'ours')} against {spread(row, 'peer')} {row['unit']}{ratio}"
        f" ({judged(row)}): {holds}{note}"
    )


def text(rows):
    return "\n".join(line(row) for row in rows)


def write_tables(root):
    """Puts the rows of all results into BENCHMARKS.md, between its markers."""
    path = root / "BENCHMARKS.md"
    content = path.read_text()
    head, _, rest = content.partition(BEGIN)
    _, _, tail = rest.partition(END)
    path.write_text(f"{head}{BEGIN}\n{tables(load())}{END}{tail}")


def load():
    found = {}
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text())
        if not result["quick"]:
            found[result["subset"]] = result
    return found


def tables(results):
    lines = [
        "| row | what | ours | peer | unit | ratio | target | holds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for what, kind in ROWS.items():
        measured = results.get(kind.subset, {"rows": []})["rows"]
        row = next((row for row in measured if row["what"] == what), None)
        if row is None:
            lines.append(f"| {what} | {kind.text} | not measured yet | | | | | |")
            continue
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.3g}"
        holds = {True: "yes", False: "no", None: "-"}[row["holds"]]
        ours, peer = spread(row, "ours"), spread(row, "peer")
        lines.append(
            f"| {what} | {kind.text} | {ours} | {peer} | {row['unit']} | {ratio} | {judged(row)} | {holds} |"
        )
    notes = [
        f"- {row['what']}: {row['note']}" for result in results.values() for row in result["rows"] if row.get("note")
    ]
    subsets = {}
    for subset, result in results.items():
        subsets.setdefault(machine(result), []).append(subset)
    machines = sorted(f"{', '.join(names)}: {made_on}\n" for made_on, names in subsets.items())
    return "\n".join(["", *lines, "", *machines, *notes, *([""] if notes else [])]) + "\n"


def machine(result):
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    features = " ".join(result["features"])
    return f"{result['processor']} ({features}), {result['threads']} threads; {versions}; Python {result['python']}."
