"""Stock lots, and what of them is on receipts."""

from __future__ import annotations

from graph.resolvers.tables import Key, Link, Pages, Table, table

STOCK_LOT = table(
    Table(
        "StockLot",
        "stock_lot",
        (
            *(
                "id",
                "armory_id",
                "article",
                "name",
                "kind",
                "lot_number",
                "dodic",
                "received_at",
                "received",
                "disposed",
                "on_hand",
            ),
            *("out_on_issue", "expended", "lost"),
        ),
        scope=":everything OR it.armory_id = any(:armories)",
        links={"armory": Link("Armory", "armory_id")},
        totals={"fits": Link("FittingModel", "id", "lot_id", order="it.nomenclature, it.id")},
        pages={"events": Pages("LedgerEvent", "subject", "RECORDED_AT")},
        filters={
            "armory": "it.armory_id = ?",
            "article": "it.article = ?",
            "kind": "it.kind = ?",
            "on_hand": "it.on_hand > 0",
        },
        orders={"ARTICLE": (Key("it.article", "text"), Key("it.lot_number", "text"), Key("it.id", "uuid"))},
    )
)

FITTING_MODEL = table(
    Table(
        "FittingModel",
        "(SELECT s.id AS lot_id, m.id, m.nomenclature, m.manufacturer FROM stock_lot s JOIN item_model m ON m.id = any(s.fits))",
        ("lot_id", "id", "nomenclature", "manufacturer"),
    )
)

CUSTODY_LINE = table(
    Table(
        "CustodyLine",
        "custody_line",
        ("id", "record_id", "armory_id", "lot_id", "issued", "returned", "expended", "lost", "handed_over", "lost_reason", "version"),
        scope=":everything OR it.armory_id = any(:armories)",
        computed={"outstanding": "it.issued - it.returned - it.expended - it.lost - it.handed_over"},
        links={
            "record": Link("CustodyRecord", "record_id", of_one_room=True),
            "lot": Link("StockLot", "lot_id", of_one_room=True),
        },
    )
)
