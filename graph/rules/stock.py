"""What goes out and comes back by quantity: rounds, magazines, accessories. Nothing is clamped: what does not fit is refused (INV-10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from graph.errors import Refusal, RefusalCode
from graph.rules.custody import Line
from graph.rules.items import in_words
from graph.words import IssueType, ItemCategory, StockAdjustment, StockKind


@dataclass(frozen=True)
class Lot:
    """A lot as it stands under its lock, in rounds or pieces; `fits` empty means every nomenclature."""

    id: UUID
    armory_id: UUID
    article: str
    lot_number: str
    kind: StockKind
    on_hand: int
    fits: frozenset[UUID] = frozenset()

    def goes_with(self, model_id: UUID | None) -> bool:
        """Whether it may go out with an item of a nomenclature."""
        return not self.fits or model_id in self.fits


@dataclass(frozen=True)
class StockRef:
    """A lot by its id; by its number, perhaps with its article; or by its article: then whichever lots of it came in first."""

    lot_id: UUID | None = None
    lot_number: str | None = None
    article: str | None = None

    def means(self, lot: Lot | Outstanding) -> bool:
        """Whether a lot is meant."""
        lot_id = lot.id if isinstance(lot, Lot) else lot.lot_id
        return self.lot_id in (None, lot_id) and self.lot_number in (None, lot.lot_number) and self.article in (None, lot.article)

    def articles(self, lots: Sequence[Lot] | Sequence[Outstanding]) -> str | None:
        """The articles that it may mean, if they are more than one: a lot number is one article's, and perhaps another's too."""
        articles = sorted({lot.article for lot in lots if self.means(lot)})
        return ", ".join(articles) if len(articles) > 1 else None

    def __str__(self) -> str:
        named = [self.article] if self.article else []
        return " ".join([*named, f"of lot {self.lot_number}"] if self.lot_number else named or ["of this lot"])


@dataclass(frozen=True)
class Wanted:
    """So much of a lot, or of an article, with an item; `place` is where the command says so."""

    stock: StockRef
    quantity: int
    place: int | None = None


@dataclass(frozen=True)
class LoadoutEntry:
    """What goes with each item of a category that is drawn for a purpose."""

    category: ItemCategory
    article: str
    quantity: int


@dataclass(frozen=True)
class Draw:
    """What is drawn with one item: as the command says, or as the purpose has it."""

    line: Line
    wanted: Sequence[Wanted]
    loadout: Sequence[LoadoutEntry] = ()


@dataclass(frozen=True)
class Taken:
    """So much of a lot."""

    lot: Lot
    quantity: int


@dataclass(frozen=True)
class Allotted:
    """What each item draws from which lots, and every reason why something cannot be drawn."""

    taken: Mapping[int, Sequence[Taken]]
    refusals: Sequence[Refusal]


def drawn_with(line: Line, asked: Sequence[Wanted] | None, loadout: Sequence[LoadoutEntry]) -> Draw:
    """What goes with an item: the purpose's loadout for its category, unless the command says what else."""
    mine = tuple(entry for entry in loadout if entry.category is line.category)
    by_purpose = tuple(Wanted(StockRef(article=entry.article), entry.quantity) for entry in mine)
    return Draw(line, by_purpose if asked is None else tuple(asked), mine)


def allot(draws: Sequence[Draw], lots: Sequence[Lot], issue_type: IssueType) -> Allotted:
    """Take what is drawn from the lots, those that came in first first; each round is given once, however many lines ask for it."""
    left = {lot.id: lot.on_hand for lot in lots}
    taken: dict[int, list[Taken]] = {}
    refusals: list[Refusal] = []
    for draw in draws:
        if issue_type is not IssueType.EMERGENCY:
            refusals += _loadout_refusals(draw, lots)
        for wanted in draw.wanted:
            found = _take(draw.line, wanted, lots, left)
            if isinstance(found, Refusal):
                refusals.append(found)
            else:
                taken.setdefault(draw.line.line, []).extend(found)
    return Allotted({line: _together(each) for line, each in taken.items()}, refusals)


def _take(line: Line, wanted: Wanted, lots: Sequence[Lot], left: dict[UUID, int]) -> list[Taken] | Refusal:
    there = [lot for lot in lots if lot.armory_id == line.room.id and wanted.stock.means(lot)]
    fitting = [lot for lot in there if lot.goes_with(line.model_id)]
    if articles := wanted.stock.articles(there):
        return _at(line, wanted, RefusalCode.AMBIGUOUS_CODE, f"{wanted.stock} may be {articles}: say the article too.")
    if not there:
        return _at(line, wanted, RefusalCode.UNKNOWN_CODE, f"{line.room.code} has no stock {wanted.stock}.")
    if not fitting:
        model = line.nomenclature or line.serial
        return _at(line, wanted, RefusalCode.INCOMPATIBLE_STOCK, f"{there[0].article} does not fit {line.serial}, {model}.")
    on_hand = sum(left[lot.id] for lot in fitting)
    if on_hand < wanted.quantity:
        message = f"{line.room.code} has {on_hand} {fitting[0].article} left; {wanted.quantity} were asked for with {line.serial}."
        return replace(_at(line, wanted, RefusalCode.INSUFFICIENT_STOCK, message), on_hand=on_hand)
    found, rest = [], wanted.quantity
    for lot in fitting:
        share = min(rest, left[lot.id])
        if share:
            found.append(Taken(lot, share))
            left[lot.id] -= share
            rest -= share
    return found


def _together(taken: Sequence[Taken]) -> list[Taken]:
    """A receipt has one line for each lot."""
    lots = {each.lot.id: each.lot for each in taken}
    return [Taken(lot, sum(each.quantity for each in taken if each.lot.id == lot_id)) for lot_id, lot in lots.items()]


def _loadout_refusals(draw: Draw, lots: Sequence[Lot]) -> Iterator[Refusal]:
    """Whoever draws for a purpose that has a loadout draws no more than that of anything."""
    if not draw.loadout:
        return
    allowed: dict[str, int] = {}
    for entry in draw.loadout:
        allowed[entry.article] = allowed.get(entry.article, 0) + entry.quantity
    asked: dict[str, int] = {}
    for wanted in draw.wanted:
        article = wanted.stock.article or next((lot.article for lot in lots if wanted.stock.means(lot)), None)
        if article is not None:
            asked[article] = asked.get(article, 0) + wanted.quantity
    for article, quantity in asked.items():
        limit = allowed.get(article, 0)
        if quantity > limit:
            message = f"The loadout of this purpose has {limit} {article} with a {in_words(draw.line.category)}; {quantity} were asked for."
            yield draw.line.refusal(
                RefusalCode.LIMIT_EXCEEDED, message, path=f"lines.{draw.line.line}.stock", limit=limit, held=quantity, overridable=True
            )


def _at(line: Line, wanted: Wanted, code: RefusalCode, message: str) -> Refusal:
    path = f"lines.{line.line}.stock" + (f".{wanted.place}" if wanted.place is not None else "")
    return line.refusal(code, message, path=path)


# -------------------------------------------------------------------------------------------------------------------------- coming back


@dataclass(frozen=True)
class Outstanding:
    """What of a lot is still out on a receipt."""

    line_id: UUID
    lot_id: UUID
    article: str
    lot_number: str
    kind: StockKind
    quantity: int


@dataclass(frozen=True)
class Settled:
    """What became of stock that was out, in the words of the counter."""

    stock: StockRef
    returned: int = 0
    expended: int = 0
    lost: int = 0
    reason: str | None = None
    place: int = 0

    @property
    def quantity(self) -> int:
        """All of it."""
        return self.returned + self.expended + self.lost


@dataclass(frozen=True)
class Share:
    """What became of one line of a receipt."""

    out: Outstanding
    returned: int = 0
    expended: int = 0
    lost: int = 0
    reason: str | None = None

    @property
    def quantity(self) -> int:
        """All that is accounted for."""
        return self.returned + self.expended + self.lost


@dataclass(frozen=True)
class Settlement:
    """What became of what was out with one item, and every reason why it cannot be written so."""

    shares: Sequence[Share] = ()
    refusals: Sequence[Refusal] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is said, nor anything wrong."""
        return not self.shares and not self.refusals

    @property
    def rounds(self) -> int:
        """The rounds that were fired: they add to the weapon's round count."""
        return sum(share.expended for share in self.shares if share.out.kind is StockKind.AMMUNITION)


@dataclass
class _Left:
    out: Outstanding
    quantity: int
    said: dict[str, int] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    def take(self, word: str, quantity: int) -> int:
        """Put so much of it down as this; what is over is given back."""
        share = min(quantity, self.quantity)
        if share:
            self.said[word] = self.said.get(word, 0) + share
            self.quantity -= share
        return quantity - share


def settle(
    line: Line,
    outstanding: Sequence[Outstanding],
    settled: Sequence[Settled],
    *,
    rest_returned: bool,
    closing: bool,
    rounds_fired: int | None = None,
    expended_before: int = 0,
) -> Settlement:
    """Put what comes back down to the lots that it left; with `closing`, nothing may be left out (INV-9).

    `rounds_fired` are all that were fired while the item was out, with those that are accounted for already (`expended_before`).
    """
    left = [_Left(out, out.quantity) for out in outstanding]
    refusals = list(_settled_refusals(line, outstanding, settled))
    if refusals:
        return Settlement(refusals=refusals)
    for each in settled:
        meant = [one for one in left if each.stock.means(one.out)]
        for word in ("expended", "lost", "returned"):
            rest = getattr(each, word)
            for one in meant:
                rest, before = one.take(word, rest), rest
                if word == "lost" and rest < before:
                    one.reasons.append(each.reason or "")
    if rest_returned:
        for one in left:
            one.take("returned", one.quantity)
    if closing and any(one.quantity for one in left):
        out = ", ".join(f"{one.quantity} {one.out.article}" for one in left if one.quantity)
        message = f"{out} of {line.serial} are still out: say what was returned, expended or lost (stock, or allStockReturned)."
        facts = line.custody.facts if line.custody else {}
        held = sum(one.quantity for one in left)
        refusals.append(line.refusal(RefusalCode.OUTSTANDING_STOCK, message, path=f"lines.{line.line}.stock", held=held, **facts))
    settlement = Settlement(_shares(left), refusals)
    expended = expended_before + settlement.rounds
    if rounds_fired is not None and rounds_fired < expended:
        message = f"{expended} rounds of {line.serial} were expended while it was out: it has not fired only {rounds_fired}."
        refusals.append(line.refusal(RefusalCode.INVALID_VALUE, message, path=f"lines.{line.line}.roundsFired", held=expended))
    return settlement


def _shares(left: Sequence[_Left]) -> list[Share]:
    return [Share(one.out, **one.said, reason="; ".join(one.reasons) or None) for one in left if one.said]


def _settled_refusals(line: Line, outstanding: Sequence[Outstanding], settled: Sequence[Settled]) -> Iterator[Refusal]:
    facts = line.custody.facts if line.custody else {}
    claimed: dict[UUID, int] = {}
    for each in settled:
        path = f"lines.{line.line}.stock.{each.place}"
        meant = [out for out in outstanding if each.stock.means(out)]
        if each.lost and not (each.reason or "").strip():
            message = f"Say how {each.lost} {each.stock} of {line.serial} were lost."
            yield line.refusal(RefusalCode.INVALID_VALUE, message, path=f"{path}.reason")
        if articles := each.stock.articles(meant):
            message = f"{each.stock} may be {articles}: say the article too."
            yield line.refusal(RefusalCode.AMBIGUOUS_CODE, message, path=path)
            continue
        free = sum(out.quantity - claimed.get(out.line_id, 0) for out in meant)
        if each.quantity > free:
            message = f"{free} {each.stock} are out with {line.serial}; {each.quantity} cannot come back."
            yield line.refusal(RefusalCode.OVER_RETURN, message, path=path, held=free, **facts)
            continue
        rest = each.quantity
        for out in meant:
            share = min(rest, out.quantity - claimed.get(out.line_id, 0))
            claimed[out.line_id] = claimed.get(out.line_id, 0) + share
            rest -= share


# --------------------------------------------------------------------------------------------------------------------------- adjustments

# How each adjustment moves the terms of a lot.
MOVES: dict[StockAdjustment, tuple[tuple[str, int], tuple[str, int]]] = {
    StockAdjustment.RECEIVED: (("received", 1), ("on_hand", 1)),
    StockAdjustment.DISPOSED: (("on_hand", -1), ("disposed", 1)),
    StockAdjustment.EXPENDED: (("on_hand", -1), ("expended", 1)),
    StockAdjustment.LOST: (("on_hand", -1), ("lost", 1)),
    StockAdjustment.FOUND: (("lost", -1), ("on_hand", 1)),
}
SPOKEN_TERMS = {"on_hand": "on hand", "lost": "lost"}


def adjusted(lot: Mapping[str, int], kind: StockAdjustment, quantity: int) -> dict[str, int]:
    """The terms of a lot after an adjustment."""
    return {term: lot[term] + sign * quantity for term, sign in MOVES[kind]}


MOST = 2_000_000_000  # rounds or pieces of one lot


def too_much(received: int, quantity: int) -> list[Refusal]:
    """Whether a lot would be larger than any is."""
    if received + quantity <= MOST:
        return []
    return [Refusal(RefusalCode.INVALID_VALUE, f"A lot has at most {MOST:,} rounds or pieces.", path="quantity", limit=MOST)]


def adjustment_refusals(article: str, lot: Mapping[str, int], kind: StockAdjustment, quantity: int) -> list[Refusal]:
    """Every reason why a lot cannot be set right so: there is enough to take away, and a second person looks at it."""
    refusals: list[Refusal] = []
    for term, sign in MOVES[kind]:
        if sign < 0 and lot[term] < quantity:
            message = f"{article} has {lot[term]} {SPOKEN_TERMS[term]}: {quantity} cannot be taken from that."
            refusals.append(Refusal(RefusalCode.INSUFFICIENT_STOCK, message, path="quantity", on_hand=lot["on_hand"]))
    if kind is StockAdjustment.RECEIVED:
        refusals += too_much(lot["received"], quantity)
    message = "An adjustment of stock waits for a second person: say why (override)."
    return [*refusals, Refusal(RefusalCode.SECOND_PERSON_REQUIRED, message, path="override", overridable=True)]


def received_refusals(given: Mapping[str, object], there: Mapping[str, object] | None, *, unknown_models: int) -> list[Refusal]:
    """Every reason why stock cannot be received so: a new lot says what it is, one that is there is not said to be something else."""
    refusals: list[Refusal] = []
    if unknown_models:
        refusals.append(Refusal(RefusalCode.UNKNOWN_CODE, "There is no such nomenclature.", path="fits"))
    for name, value in given.items():
        if there is None and value is None and name in ("kind", "name"):
            refusals.append(Refusal(RefusalCode.INVALID_VALUE, f"This lot is new here: give its {name}.", path=name))
        elif there is not None and value not in (None, there[name]):
            refusals.append(Refusal(RefusalCode.INVALID_VALUE, f"This lot is there already, with another {name}.", path=name))
    return refusals
