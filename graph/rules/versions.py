"""A page that is no longer true decides nothing (INV-20)."""

from __future__ import annotations

from collections.abc import Sequence


def stale(what: str, expected: int, version: int, changes: Sequence[str]) -> str:
    """What is said of something that is not at the version that a page shows."""
    if expected > version:
        return f"{what} has no version {expected} yet: it is at version {version}."
    since = f": {', '.join(changes)}" if changes else ""
    return f"{what} has changed since version {expected}{since}. It is at version {version} now."
