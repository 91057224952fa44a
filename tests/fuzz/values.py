"""Values that are odd: at the edges of what their types hold, or of other types, or of none."""

from __future__ import annotations

TEXTS = (
    *("", " ", "\t\n", "\x00", "a\x00b", "\x1b[31m", "\ud800", "x\udfff", "\ufeff", "\ufffe\uffff", "\u2028\u2029", "\u202e\u05d0\u05d1"),
    *("a" + "\u0301" * 200, "\U0001f52b" * 40, "\ufdfa" * 64, "ß" * 33, "İ" * 64, "ﬃ" * 32, "٣٤٥", "Ⅷ", "𝟘𝟙", "\u200b", "é", "e\u0301"),
    *("x" * 33, "x" * 129, "x" * 257, "x" * 2001, "x" * 70_000, "'; DROP TABLE item; --", "\\", "\\u0000", "%", "_%_", "%s %d {0} {x.y}"),
    *("${jndi:x}", "{{7*7}}", "<script>alert(1)</script>", "../../etc/passwd", "null", "nan", "0x10", "1e5", "-0", "$1", ":armories", "[]"),
)
NUMBERS = (
    *(0, -1, 1, 2, 101, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**40, 10**400),
    *(1.0, 1.5, -0.0, 1e308, 5e-324),
)
NOBODY = "00000000-0000-0000-0000-000000000000"
IDS = (
    *("item_" + "0" * 32, "person_" + "f" * 32, "item_x", "", "x_1", "item_" + "0" * 31, "_", "item_", "Item_" + "0" * 32, NOBODY),
    *("item_" + "٣" * 32, "item_" + "g" * 32, "\x00", "\ud800", "item_" + "0" * 5000, "stocklot_" + "0" * 32),
)
UUIDS = ("", "x", "0" * 32, "0" * 33, f"{{{NOBODY}}}", f"urn:uuid:{NOBODY}", "\x00" * 36)
DATES = (
    *("0001-01-01", "9999-12-31", "2026-02-30", "2026-1-1", "20260101", "2026-W01-1", "2026-01-01T00:00:00Z", "-0001-01-01"),
    *("10000-01-01", ""),
)
MOMENTS = (
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00"),
    *("2026-01-01T00:00:00", "2026-06-30T23:59:60Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00+99:99", "2026-01-01 00:00:00Z"),
    *("2026-01-01T00:00:00.1234567891Z", "1970-01-01T00:00:00-00:00", "2026-01-01t00:00:00z", "20260101T000000Z"),
    *("2026-W01-1T00:00:00Z", "\u0662\u0660\u0662\u0666-01-01T00:00:00Z", "now", ""),
)
SIZES = (*(1, 2, 3, 5) * 4, 10, 20, 50, 100, 0, -1, 101)
CURSORS = (
    *("", "x", "bm90IGEgY3Vyc29y", "W10", "WzFd", "bnVsbA", "WyJJdGVtLlNFUklBTCJd", "ñ", "=" * 9),
    *("WyJJdGVtLlNFUklBTCIsMSwyXQ", "eyJ4Ijoge319", "A" * 9000),
)
# What is put into documents where it does not belong.
STRAY = (
    *("{", "}", "(", ")", "[", "]", ":", "$", "@", "!", "...", "|", "&", '"', '"""', "#", "\\", ",", "=", "-", "1e"),
    *("\x00", "\ufeff", "\ud800", "null", "true", "on", "query", "mutation", "subscription", "fragment F on Item { id }", "...F"),
    *("@skip", "@include(if: 1)", "@defer", '@deprecated(reason: "x")', "@specifiedBy", "@oneOf", "__typename", "$v1", "extend"),
    *("__schema { types { name } }", "type X { y: Int }"),
)
