"""Measures the subsets that are named, writes their results and prints their rows.

    bench.py SHEAR ROOT WORK [SUBSET ...] [--json] [--quick]

See scripts/bench, which prepares all that this needs.
"""

import argparse
import json
import pathlib
import sys
import traceback

import measure_decode
import measure_gpu
import measure_loader
import measure_prune
import measure_search
import measure_tokenize
import measure_train
import report
from bench_context import Context
from rows import ROWS, say

SUBSETS = {
    "train": measure_train.measure,
    "prune": measure_prune.measure,
    "tokenize": measure_tokenize.measure,
    "loader": measure_loader.measure,
    "decode": measure_decode.measure,
    "search": measure_search.measure,
    "gpu": measure_gpu.measure,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("shear")
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("subsets", nargs="*")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    chosen = options.subsets or list(SUBSETS)
    context = Context(options.shear, options.root, options.work, options.quick)
    context.warn_of_load()
    rows = []
    for subset in chosen:
        say(f"{subset}: measuring")
        result = report.Result(subset, context)
        try:
            SUBSETS[subset](context, result)
        except Exception:  # one subset's failure is a missing row, not the end of the others
            traceback.print_exc()
        except KeyboardInterrupt:  # what was measured is kept
            say(f"{subset}: stopped")
            result.finish()
            rows += result.rows
            break
        result.finish()
        rows += result.rows
    if not options.quick:
        report.write_tables(options.root)
    print(report.text(rows))
    missing = [what for what, row in ROWS.items() if row.subset in chosen and what not in {row["what"] for row in rows}]
    for what in missing:
        say(f"missing: {what}")
    if options.json:
        print(json.dumps({"rows": rows}))
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
