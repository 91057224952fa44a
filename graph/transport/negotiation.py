"""In which form a body comes and an answer goes (GraphQL over HTTP, "Media Types")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache

from cross_web import HTTPException

LONGEST_REMEMBERED = 256  # bytes of an Accept header


class Form(StrEnum):
    """The forms of an answer, by their media types; the first is that of whoever does not mind."""

    JSON = "application/json"
    RESPONSE = "application/graphql-response+json"
    EVENTS = "text/event-stream"

    @property
    def content_type(self) -> bytes:
        """With the encoding, as a header says it."""
        return f"{self}; charset=utf-8".encode()


def check_body(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a body that does not say to be JSON in UTF-8. A page of strangers cannot send one without asking first (CORS).

    Raises:
        HTTPException: 415, says what to send.
    """
    given = headers.get(b"content-type", b"")
    if given != b"application/json":  # which nearly all say just so
        kind, parameters = _media_type(given.decode("latin-1"))
        if kind != Form.JSON:
            raise HTTPException(415, "Unsupported content type: send the body as `Content-Type: application/json`.")
        if parameters.get("charset", "utf-8") not in ("utf-8", "utf8"):
            raise HTTPException(415, "Unsupported content type: send the body in UTF-8.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise HTTPException(415, "Unsupported content encoding: send the body as it is, not compressed.")


def form_of(accept: bytes | None) -> Form | None:
    """The form that an Accept header likes best, or None if it likes none of ours."""
    if accept is None:
        return Form.JSON
    return _remembered(accept) if len(accept) <= LONGEST_REMEMBERED else _liked_best(accept)


def _liked_best(accept: bytes) -> Form | None:
    """Of what is liked equally, what is named first (RFC 9110, 12.5.1)."""
    refused, best, liking = set(), None, 0.0
    wishes = list(_wishes(accept.decode("latin-1")))
    for kind, quality in wishes:
        if quality <= 0:
            refused.add(kind)
    for kind, quality in wishes:
        found = next((form for form in Form if _covers(kind, form) and form.value not in refused), None)
        if found is not None and quality > liking:
            best, liking = found, quality
    return best


_remembered = lru_cache(256)(_liked_best)


def _covers(kind: str, form: Form) -> bool:
    """A stream of events comes only to whom names it."""
    if form is Form.EVENTS:
        return kind == form
    return kind in ("*/*", "application/*", form.value)


def _wishes(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        kind, parameters = _media_type(part)
        try:
            yield kind, float(parameters.get("q", "1"))
        except ValueError:
            yield kind, 0.0


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    kind, *rest = text.lower().split(";")
    parameters = (part.partition("=") for part in rest)
    return kind.strip(), {name.strip(): value.strip().strip('"') for name, _, value in parameters}
