"""Firstline over floor, work by work, and the growth from the smallest desk to the largest: report.py RESULT.json."""

import json
import sys
from pathlib import Path

GOAL = {"W1": (2.0, 12, 1.2), "W2": (1.0, 7, 1.5), "W3": (1.5, 9, 1.1), "W4": (2.0, 12, 1.1), "W5": (1.2, 7, 1.3)}
SIZES = ("1k", "10k", "100k", "1m")
rows = {(row["work"], row["size"], row["name"]): row for row in json.loads(Path(sys.argv[1]).read_text())}
print(f"{'work':5}{'size':6}{'floor ms':>9}{'ours ms':>9}{'ratio':>7}{'goal':>6}{'SQL':>6}{'most':>6}{'MB':>6}")
grown: dict[str, list[float]] = {}
for work, (ratio, statements, _growth) in GOAL.items():
    for size in SIZES:
        ours, floor = rows.get((work, size, "firstline")), rows.get((work, size, "floor"))
        if not ours or not floor:
            continue
        grown.setdefault(work, []).append(ours["cpu"])
        print(
            f"{work:5}{size:6}{floor['cpu']:9.1f}{ours['cpu']:9.1f}{ours['cpu'] / floor['cpu']:7.2f}{ratio:6.1f}"
            f"{ours['sql']:6.0f}{statements:6}{ours['pss_mb']:6}"
        )
for work, figures in grown.items():
    if len(figures) > 1:
        growth = figures[-1] / figures[0]
        print(f"{work} grows {growth:.2f} × from the smallest to the largest desk (goal ≤ {GOAL[work][2]})")
