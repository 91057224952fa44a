"""The table of the live feed, with what is wanted of ours."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.live.steps import MANY, ONE, SEVERAL, STEPS, Found, Step
from benchmarks.tables import Page, mark

DEARER = 1.3  # times the yardstick's processor time for each delivery
SLOWER = 1.5  # times the yardstick's 99th percentile
KILOBYTES = 25  # of memory for each of five thousand viewers
SHARE = 0.7  # of the deliveries a second of the processor that must be left with twenty documents
COLUMNS = (
    "viewers",
    "events a second",
    "contender",
    "delivered",
    "processor µs each",
    "× raw",
    "p50 ms",
    "p99 ms",
    "× raw",
    "KB a viewer",
    "wanted",
)


def show(page: Page, found: dict[Step, Found], missing: dict[str, str]) -> None:
    """Print it, and put it into the page. `missing` are contenders that do not run here, and why."""
    rows = []
    for step in sorted(found, key=STEPS.index):
        each, raw = found[step], found.get(replace(step, contender="raw", documents=1))
        times = [f"{each[name] / raw[name]:.2f}" if raw and raw[name] and step.documents == 1 else "" for name in ("each", "p99")]
        rows.append(
            [str(step.viewers), f"{step.rate:.0f}", step.named, delivered(each), f"{each['each']:.1f}", times[0], f"{each['p50']:.1f}"]
            + [f"{each['p99']:.1f}", times[1], f"{each['kilobytes']:.1f}", ", ".join(wanted(step, found))]
        )
    rows += [[str(ONE.viewers), f"{ONE.rate:.0f}", name, why, *[""] * 7] for name, why in missing.items()]
    page.show("live", COLUMNS, rows, too_busy(found))


def delivered(each: Found) -> str:
    """The share of those due; 100 % only if none is missing."""
    share = 100 * each["messages"] / each["due"]
    return f"{share:.0f} %" if is_whole(each) else f"{min(share, 99.9):.1f} %" if share < 100 else f"{share:.2f} %"


def is_whole(each: Found) -> bool:
    """Whether all that was due was delivered, and nothing twice."""
    return each["messages"] == each["due"]


def too_busy(found: dict[Step, Found]) -> str:
    """What to say of a run in which the yardstick itself fell behind."""
    if all(is_whole(each) for step, each in found.items() if step.contender == "raw"):
        return ""
    return "The yardstick itself fell behind: something else uses this machine. What is compared with it says nothing (?); measure again."


def wanted(step: Step, found: dict[Step, Found]) -> list[str]:
    """What ours must reach, and whether it does; a question mark where that with which it is compared fell behind itself."""
    each, raw, one = found[step], found.get(replace(step, contender="raw", documents=1)), found.get(ONE)
    words = [f"100 % {mark(met=is_whole(each))}"] if step in (ONE, MANY) else []
    if step == ONE and raw:
        words.append(f"processor ≤ {DEARER} × raw {_compared(raw, met=each['each'] <= DEARER * raw['each'])}")
        words.append(f"p99 ≤ {SLOWER} × raw {_compared(raw, met=each['p99'] <= SLOWER * raw['p99'])}")
    if step == MANY:
        words.append(f"≤ {KILOBYTES} KB a viewer {mark(met=each['kilobytes'] <= KILOBYTES)}")
    if step == SEVERAL and one:
        share = one["each"] / each["each"]
        words.append(f"≥ {SHARE} of one document's deliveries a processor second: {share:.2f} {_compared(one, met=share >= SHARE)}")
    return words


def _compared(other: Found, *, met: bool) -> str:
    return mark(met=met) if is_whole(other) else "?"
