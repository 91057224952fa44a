"""What is measured: which server, for how many viewers, at how many events a second."""

from __future__ import annotations

from dataclasses import dataclass

DOCUMENTS = 20
CONTENDERS = ("raw", "ours", "node", "naive")
Found = dict[str, float]


@dataclass(frozen=True)
class Step:
    """What one server does in a round."""

    work: str
    contender: str
    viewers: int
    rate: float
    documents: int = 1

    @property
    def named(self) -> str:
        """Who does it, for the table and the progress."""
        return f"{self.contender}, {self.documents} documents" if self.documents > 1 else self.contender


ONE, MANY = Step("thousand", "ours", 1000, 50), Step("five_thousand", "ours", 5000, 10)
SEVERAL = Step("documents", "ours", 1000, 50, DOCUMENTS)
STEPS = (
    *(Step("thousand", name, 1000, 50) for name in ("raw", "ours")),
    SEVERAL,
    *(Step("thousand", name, 1000, 50) for name in ("node", "naive")),
    *(Step("five_thousand", name, 5000, 10) for name in ("raw", "ours")),
)
WORKS = tuple(dict.fromkeys(step.work for step in STEPS))
