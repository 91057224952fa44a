"""What is held by quantity and goes out on receipts; confirmations, overdue receipts, emergencies, and commands that wait for a second person."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

TABLES = """
ALTER TABLE armory ADD COLUMN confirmation_required BOOL NOT NULL DEFAULT false;
ALTER TABLE person ADD COLUMN pin_hash VARCHAR(256);
ALTER TABLE purpose ADD COLUMN due_hours INT, ADD COLUMN loadout JSONB NOT NULL DEFAULT '[]';
ALTER TABLE issue_authorization ADD COLUMN card_number VARCHAR(64);
ALTER TABLE custody_record
    ADD COLUMN confirmation_required BOOL NOT NULL DEFAULT false,
    ADD COLUMN overdue_since TIMESTAMPTZ,
    ADD COLUMN weapons_card VARCHAR(64),
    ADD COLUMN returned_to_id UUID REFERENCES armory (id) ON DELETE RESTRICT;
CREATE TABLE stock_lot (
    id UUID NOT NULL PRIMARY KEY,
    article VARCHAR(32) NOT NULL,
    name VARCHAR(128) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    lot_number VARCHAR(64) NOT NULL,
    dodic VARCHAR(8),
    fits UUID[] NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    received INT NOT NULL,
    disposed INT NOT NULL,
    on_hand INT NOT NULL,
    out_on_issue INT NOT NULL,
    expended INT NOT NULL,
    lost INT NOT NULL,
    last_event_id UUID NOT NULL REFERENCES ledger_event (event_id) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED,
    armory_id UUID NOT NULL REFERENCES armory (id) ON DELETE RESTRICT
);
COMMENT ON TABLE stock_lot IS 'A lot of one article in one arms room, in rounds or pieces.';
CREATE TABLE custody_line (
    id UUID NOT NULL PRIMARY KEY,
    issued INT NOT NULL,
    returned INT NOT NULL,
    expended INT NOT NULL,
    lost INT NOT NULL,
    handed_over INT NOT NULL,
    lost_reason TEXT,
    version INT NOT NULL,
    armory_id UUID NOT NULL REFERENCES armory (id) ON DELETE RESTRICT,
    lot_id UUID NOT NULL,
    record_id UUID NOT NULL
);
COMMENT ON TABLE custody_line IS 'What of a lot went out with an item, and what became of it.';
CREATE TABLE confirmation (
    id UUID NOT NULL PRIMARY KEY,
    stage VARCHAR(16) NOT NULL,
    confirmed_at TIMESTAMPTZ NOT NULL,
    armory_id UUID NOT NULL REFERENCES armory (id) ON DELETE RESTRICT,
    person_id UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
    record_id UUID NOT NULL
);
COMMENT ON TABLE confirmation IS 'The holder has confirmed a receipt with the PIN.';
CREATE TABLE regularisation (
    id UUID NOT NULL PRIMARY KEY,
    note TEXT NOT NULL,
    regularised_at TIMESTAMPTZ NOT NULL,
    armory_id UUID NOT NULL REFERENCES armory (id) ON DELETE RESTRICT,
    record_id UUID NOT NULL,
    regularised_by_id UUID REFERENCES account (id) ON DELETE RESTRICT
);
COMMENT ON TABLE regularisation IS 'An arms room officer has looked at an emergency issue.';
CREATE TABLE proposal (
    id UUID NOT NULL PRIMARY KEY,
    command VARCHAR(16) NOT NULL,
    arguments TEXT NOT NULL,
    arguments_hash BYTEA NOT NULL,
    reason TEXT NOT NULL,
    overridden TEXT NOT NULL,
    proposed_at TIMESTAMPTZ NOT NULL,
    proposed_by_name VARCHAR(128) NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    state VARCHAR(16) NOT NULL,
    decided_at TIMESTAMPTZ,
    decided_by_name VARCHAR(128),
    decision_note TEXT,
    version INT NOT NULL,
    armory_id UUID NOT NULL REFERENCES armory (id) ON DELETE RESTRICT,
    decided_by_id UUID REFERENCES account (id) ON DELETE RESTRICT,
    proposed_by_id UUID REFERENCES account (id) ON DELETE RESTRICT
);
COMMENT ON TABLE proposal IS 'A command that waits for a second person.';
"""

# A line, its record and its lot are of one arms room: the references say so.
CHECKS = """
ALTER TABLE person ADD CONSTRAINT person_pin CHECK (pin_hash LIKE '$argon2id$%');
ALTER TABLE purpose ADD CONSTRAINT purpose_due CHECK (due_hours BETWEEN 1 AND 8760),
    ADD CONSTRAINT purpose_loadout CHECK (jsonb_typeof(loadout) = 'array');
ALTER TABLE issue_authorization ADD CONSTRAINT authorization_card CHECK (card_number <> '');
CREATE UNIQUE INDEX authorization_card_number ON issue_authorization (card_number) WHERE revoked_at IS NULL;
ALTER TABLE custody_record
    ADD CONSTRAINT custody_overdue CHECK (overdue_since <= coalesce(due_at, '-infinity')),
    ADD CONSTRAINT custody_returned_to CHECK (returned_to_id IS NULL OR closed_at IS NOT NULL AND returned_to_id <> armory_id),
    ADD CONSTRAINT custody_card CHECK (weapons_card <> ''),
    ADD CONSTRAINT custody_of_room UNIQUE (id, armory_id);
CREATE UNIQUE INDEX custody_one_card ON custody_record (weapons_card) WHERE closed_at IS NULL;
CREATE INDEX custody_to_be_told ON custody_record (due_at) WHERE closed_at IS NULL AND due_at IS DISTINCT FROM overdue_since;
DROP INDEX ledger_back;
CREATE INDEX ledger_back ON ledger_event (item_id, effective_at) WHERE type IN ('ITEM_BACK_FROM_MAINTENANCE', 'ITEM_ARRIVED');
CREATE INDEX custody_emergency ON custody_record (issued_at, id) WHERE issue_type = 'EMERGENCY';
ALTER TABLE stock_lot
    ADD CONSTRAINT stock_kind CHECK (kind IN ('AMMUNITION', 'MAGAZINE', 'ACCESSORY')),
    ADD CONSTRAINT stock_words CHECK (article ~ '^[A-Z0-9][A-Z0-9_-]*$' AND name <> '' AND lot_number <> ''),
    ADD CONSTRAINT stock_dodic CHECK (dodic ~ '^[A-Z0-9]{4}$'),
    ADD CONSTRAINT stock_not_negative CHECK (least(received, disposed, on_hand, out_on_issue, expended, lost) >= 0),
    ADD CONSTRAINT stock_conserved CHECK (received::bigint - disposed = on_hand::bigint + out_on_issue + expended + lost),
    ADD CONSTRAINT stock_lot_number UNIQUE (armory_id, article, lot_number),
    ADD CONSTRAINT stock_of_room UNIQUE (id, armory_id);
CREATE INDEX stock_order ON stock_lot (article, lot_number, id);
CREATE INDEX stock_kind_order ON stock_lot (kind, article, lot_number, id);
ALTER TABLE custody_line
    ADD CONSTRAINT line_record FOREIGN KEY (record_id, armory_id) REFERENCES custody_record (id, armory_id) ON DELETE RESTRICT,
    ADD CONSTRAINT line_lot FOREIGN KEY (lot_id, armory_id) REFERENCES stock_lot (id, armory_id) ON DELETE RESTRICT,
    ADD CONSTRAINT line_once UNIQUE (record_id, lot_id),
    ADD CONSTRAINT line_quantities CHECK (issued > 0 AND least(returned, expended, lost, handed_over) >= 0
        AND returned::bigint + expended + lost + handed_over <= issued),
    ADD CONSTRAINT line_lost_reason CHECK (lost = 0 OR coalesce(lost_reason, '') <> '');
CREATE INDEX line_out ON custody_line (lot_id) WHERE issued > returned + expended + lost + handed_over;
ALTER TABLE confirmation
    ADD CONSTRAINT confirmation_record FOREIGN KEY (record_id, armory_id) REFERENCES custody_record (id, armory_id) ON DELETE RESTRICT,
    ADD CONSTRAINT confirmation_stage CHECK (stage IN ('ISSUE', 'RETURN')),
    ADD CONSTRAINT confirmation_once UNIQUE (record_id, stage);
ALTER TABLE regularisation
    ADD CONSTRAINT regularisation_record FOREIGN KEY (record_id, armory_id) REFERENCES custody_record (id, armory_id) ON DELETE RESTRICT,
    ADD CONSTRAINT regularisation_once UNIQUE (record_id),
    ADD CONSTRAINT regularisation_note CHECK (note <> '');
ALTER TABLE proposal
    ADD CONSTRAINT proposal_command CHECK (command IN ('ISSUE_ITEMS', 'TRANSFER_ITEMS', 'ADJUST_STOCK', 'CORRECT_RECEIPTS')),
    ADD CONSTRAINT proposal_state CHECK (state IN ('PENDING', 'APPROVED', 'REJECTED')),
    ADD CONSTRAINT proposal_words CHECK (reason <> '' AND proposed_by_name <> '' AND octet_length(arguments_hash) = 32),
    ADD CONSTRAINT proposal_decided_whole CHECK ((state = 'PENDING') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by_name IS NULL)
        AND (decided_at IS NOT NULL OR num_nonnulls(decided_by_id, decision_note) = 0)),
    ADD CONSTRAINT proposal_decided_once CHECK (version = CASE state WHEN 'PENDING' THEN 1 ELSE 2 END),
    ADD CONSTRAINT proposal_in_time CHECK (expires_at >= proposed_at AND (state <> 'APPROVED' OR decided_at <= expires_at)),
    ADD CONSTRAINT proposal_second_person CHECK (decided_by_name <> proposed_by_name AND (decided_by_id IS NULL OR proposed_by_id IS NULL
        OR decided_by_id <> proposed_by_id));
CREATE INDEX proposal_order ON proposal (proposed_at, id);
CREATE INDEX proposal_armory ON proposal (armory_id, proposed_at, id);
CREATE INDEX proposal_state_order ON proposal (state, proposed_at, id);
CREATE INDEX proposal_waiting ON proposal (expires_at) WHERE state = 'PENDING';
ALTER TABLE ledger_event DROP CONSTRAINT ledger_actor;
ALTER TABLE ledger_event ADD CONSTRAINT ledger_actor CHECK (btrim(actor_name) <> '' AND (actor_kind = 'ACCOUNT' AND actor_id IS NOT NULL
    OR actor_kind IN ('CONSOLE', 'SYSTEM') AND actor_id IS NULL AND credential_id IS NULL));
"""

FUNCTIONS = """
CREATE OR REPLACE FUNCTION armguard_explained() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    made boolean := TG_OP = 'INSERT';
    types text[] := nullif(CASE WHEN made THEN TG_ARGV[2] ELSE TG_ARGV[3] END, '{}')::text[];
    place text := CASE WHEN made THEN TG_ARGV[4] ELSE TG_ARGV[5] END;
    key text := nullif(TG_ARGV[6], '');
    now_writing bigint := pg_current_xact_id()::text::bigint;
    asked uuid;
    wanted text := 'registry';
    explained boolean;
BEGIN
    IF TG_ARGV[1] = 'id' THEN asked := NEW.id;
    ELSIF TG_ARGV[1] = 'account_id' THEN asked := NEW.account_id;
    ELSIF TG_ARGV[1] = 'record_id' THEN asked := NEW.record_id;
    ELSE asked := NEW.subject_id;
    END IF;
    IF place = 'armory_id' THEN wanted := NEW.armory_id::text;
    ELSIF place = 'id' THEN wanted := NEW.id::text;
    ELSIF place = 'item_id' THEN wanted := coalesce((SELECT armory_id::text FROM item WHERE id = NEW.item_id), 'registry');
    ELSIF place = 'any' THEN wanted := NULL;
    END IF;
    IF TG_ARGV[0] = 'item_id' THEN
        explained := EXISTS (SELECT FROM ledger_event WHERE item_id = asked AND recorded_at >= transaction_timestamp()
            AND transaction = now_writing AND (types IS NULL OR type = ANY (types)) AND (wanted IS NULL OR stream = wanted)
            AND (key IS NULL OR payload::jsonb ? key));
    ELSIF TG_ARGV[0] = 'person_id' THEN
        explained := EXISTS (SELECT FROM ledger_event WHERE person_id = asked AND recorded_at >= transaction_timestamp()
            AND transaction = now_writing AND (types IS NULL OR type = ANY (types)) AND (wanted IS NULL OR stream = wanted)
            AND (key IS NULL OR payload::jsonb ? key));
    ELSE
        explained := EXISTS (SELECT FROM ledger_event WHERE subject_id = asked AND recorded_at >= transaction_timestamp()
            AND transaction = now_writing AND (types IS NULL OR type = ANY (types)) AND (wanted IS NULL OR stream = wanted)
            AND (key IS NULL OR payload::jsonb ? key));
    END IF;
    IF NOT explained THEN
        PERFORM armguard_refuse('explained_by_the_ledger', format('A change of %s needs its event in the same transaction.', TG_TABLE_NAME));
    END IF;
    RETURN NULL;
END $$;

-- A lot names the event that its quantities stand on; that event is of this transaction and says what the lot has.
CREATE FUNCTION armguard_lot_explained() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_event WHERE event_id = NEW.last_event_id AND stream = NEW.armory_id::text
        AND transaction = pg_current_xact_id()::text::bigint AND recorded_at >= transaction_timestamp()
        AND (type = 'STOCK_RECEIVED' OR TG_OP = 'UPDATE' AND type IN ('STOCK_ADJUSTED', 'STOCK_SETTLED', 'ITEM_ISSUED', 'ITEM_RETURNED',
            'ITEM_SENT_HOME', 'RECEIPT_CORRECTED'))
        AND payload::jsonb -> 'stock_lot' @> jsonb_build_array(jsonb_build_object('id', NEW.id)))
    THEN
        PERFORM armguard_refuse('explained_by_the_ledger', 'A change of stock_lot needs its event in the same transaction.');
    END IF;
    RETURN NULL;
END $$;

-- What is on a receipt is set down while it is open, at the latest by the transaction that closes it.
CREATE FUNCTION armguard_line_of_an_open_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM custody_record WHERE id = NEW.record_id AND closed_at IS NOT NULL
        AND xmin::text::bigint <> mod(pg_current_xact_id()::text::bigint, 4294967296))
    THEN
        PERFORM armguard_refuse('closed_for_ever', 'What was on a closed receipt never changes.');
    END IF;
    RETURN NEW;
END $$;

-- What is out of a lot is what its lines say.
CREATE FUNCTION armguard_out_as_lines_say() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked uuid;
    wrong boolean;
BEGIN
    PERFORM armguard_sees_the_present();
    IF TG_TABLE_NAME = 'stock_lot' THEN asked := NEW.id; ELSE asked := NEW.lot_id; END IF;
    SELECT s.out_on_issue <> coalesce((SELECT sum(l.issued - l.returned - l.expended - l.lost - l.handed_over) FROM custody_line l
        WHERE l.lot_id = s.id AND l.issued > l.returned + l.expended + l.lost + l.handed_over), 0)
        INTO wrong FROM stock_lot s WHERE s.id = asked;
    IF wrong THEN
        PERFORM armguard_refuse('stock_out_as_lines_say', 'What is out of a lot is what its receipts say.');
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION armguard_settled_when_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked uuid;
BEGIN
    PERFORM armguard_sees_the_present();
    IF TG_TABLE_NAME = 'custody_record' THEN
        asked := NEW.id;
    ELSE
        -- Under a lock on the receipt, so that whoever closes it now sees this line, or is seen by it.
        SELECT id INTO asked FROM custody_record WHERE id = NEW.record_id FOR SHARE;
    END IF;
    IF EXISTS (SELECT FROM custody_line l JOIN custody_record c ON c.id = l.record_id WHERE l.record_id = asked AND c.closed_at IS NOT NULL
        AND l.issued > l.returned + l.expended + l.lost + l.handed_over)
    THEN
        PERFORM armguard_refuse('settled_when_closed', 'A receipt closes only when all stock on it is accounted for.');
    END IF;
    RETURN NULL;
END $$;

-- What the holder confirms is so when it is confirmed: a receipt that has closed is not accepted any more, an open one not given back.
CREATE FUNCTION armguard_confirmed_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    record custody_record;
BEGIN
    PERFORM armguard_sees_the_present();
    SELECT * INTO record FROM custody_record WHERE id = NEW.record_id FOR SHARE;
    IF record.holder_id <> NEW.person_id OR (record.closed_at IS NULL) <> (NEW.stage = 'ISSUE')
        OR NEW.stage = 'RETURN' AND record.close_reason <> 'RETURNED'
    THEN
        PERFORM armguard_refuse('confirmed_in_time', 'The holder confirms an issue while the receipt is open, a return when it has closed.');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION armguard_regularised_emergency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM custody_record WHERE id = NEW.record_id AND issue_type = 'EMERGENCY') THEN
        PERFORM armguard_refuse('regularised_emergency', 'Only an emergency issue is regularised.');
    END IF;
    RETURN NEW;
END $$;

-- What has expired is not approved any more, whatever time is said.
CREATE FUNCTION armguard_approved_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'APPROVED' AND transaction_timestamp() > NEW.expires_at THEN
        PERFORM armguard_refuse('proposal_in_time', 'A proposal is approved before it expires.');
    END IF;
    RETURN NEW;
END $$;
"""

TRIGGERS = """
CREATE CONSTRAINT TRIGGER accounted AFTER INSERT OR UPDATE ON stock_lot DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION armguard_lot_explained();
CREATE CONSTRAINT TRIGGER out_as_lines_say AFTER INSERT OR UPDATE ON stock_lot DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION armguard_out_as_lines_say();
CREATE CONSTRAINT TRIGGER out_as_lines_say AFTER INSERT OR UPDATE ON custody_line DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION armguard_out_as_lines_say();
CREATE CONSTRAINT TRIGGER settled_when_closed AFTER INSERT OR UPDATE ON custody_line DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION armguard_settled_when_closed();
CREATE CONSTRAINT TRIGGER settled_when_closed AFTER UPDATE ON custody_record DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION armguard_settled_when_closed();
CREATE TRIGGER open_receipt BEFORE INSERT OR UPDATE ON custody_line FOR EACH ROW EXECUTE FUNCTION armguard_line_of_an_open_receipt();
CREATE TRIGGER in_time BEFORE INSERT ON confirmation FOR EACH ROW EXECUTE FUNCTION armguard_confirmed_in_time();
CREATE TRIGGER emergency BEFORE INSERT ON regularisation FOR EACH ROW EXECUTE FUNCTION armguard_regularised_emergency();
CREATE TRIGGER in_time BEFORE UPDATE ON proposal FOR EACH ROW EXECUTE FUNCTION armguard_approved_in_time();
CREATE TRIGGER ended BEFORE UPDATE ON proposal FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('decided_at');
"""

# What never changes, with what came now; None where the table is new.
KEPT = {
    "custody_record": (
        *("id", "receipt_number", "receipt", "armory_id", "item_id", "holder_id", "issue_type", "purpose_id", "issued_at"),
        *("issued_by_id", "condition_out", "note", "confirmation_required", "weapons_card"),
    ),
    "issue_authorization": ("id", "person_id", "model_id", "item_id", "valid_from", "valid_until", "card_number"),
    "stock_lot": ("id", "armory_id", "article", "name", "kind", "lot_number", "dodic", "fits", "received_at"),
    "custody_line": ("id", "record_id", "armory_id", "lot_id", "issued"),
    "confirmation": ("id", "record_id", "armory_id", "person_id", "stage", "confirmed_at"),
    "regularisation": ("id", "record_id", "armory_id", "note", "regularised_at", "regularised_by_id"),
    "proposal": (
        *("id", "armory_id", "command", "arguments", "arguments_hash", "reason", "overridden", "proposed_at", "proposed_by_id"),
        *("proposed_by_name", "expires_at"),
    ),
}
NEW = ("stock_lot", "custody_line", "confirmation", "regularisation", "proposal")
VERSIONED = ("custody_line", "proposal")
# The column of the ledger and that of the row which must be the same, the events of a new row and of a changed one, and their stream.
EXPLAINED = {
    "person": (
        "person_id",
        "id",
        "PERSON_REGISTERED",
        "PERSON_CHANGED,DUTY_STATUS_CHANGED,ARMS_BAR_IMPOSED,ARMS_BAR_LIFTED,PIN_SET",
        "registry",
    ),
    "item": (
        *("item_id", "id", "ITEM_REGISTERED"),
        "ITEM_CHANGED,ITEM_SENT_TO_MAINTENANCE,ITEM_BACK_FROM_MAINTENANCE,ITEM_ISSUED,ITEM_RETURNED,ITEM_TAKEN_OVER,CUSTODY_IMPORTED,"
        "ITEM_SENT_HOME,ITEM_ARRIVED,STOCK_SETTLED,RECEIPT_CORRECTED",
        "armory_id",
    ),
    "custody_record": (
        *("subject_id", "id", "ITEM_ISSUED,ITEM_TAKEN_OVER,CUSTODY_IMPORTED"),
        *("ITEM_RETURNED,ITEM_HANDED_OVER,DUE_EXTENDED,ITEM_SENT_HOME,RECEIPT_OVERDUE,RECEIPT_CORRECTED", "armory_id"),
    ),
    "custody_line": (
        *(
            "subject_id",
            "record_id",
            "ITEM_ISSUED,ITEM_TAKEN_OVER",
            "ITEM_RETURNED,ITEM_SENT_HOME,ITEM_HANDED_OVER,STOCK_SETTLED,RECEIPT_CORRECTED",
        ),
        "armory_id",
    ),
    "confirmation": ("subject_id", "record_id", "RECEIPT_CONFIRMED", "NEVER", "armory_id"),
    "regularisation": ("subject_id", "record_id", "EMERGENCY_REGULARISED", "NEVER", "armory_id"),
    "proposal": ("subject_id", "id", "PROPOSED", "PROPOSAL_APPROVED,PROPOSAL_REJECTED", "armory_id"),
}


def guards_of(table: str) -> str:
    """The guards that every table has, as far as they are new."""
    sql = []
    if table in KEPT:
        columns = ", ".join(f"'{column}'" for column in KEPT[table])
        if table not in NEW:
            sql.append(f"DROP TRIGGER keep ON {table};")
        sql.append(f"CREATE TRIGGER keep BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_keep({columns});")
    if table in NEW:
        sql.append(f"CREATE TRIGGER no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_no_delete();")
        sql.append(f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION armguard_no_delete();")
    if table in VERSIONED:
        sql.append(f"CREATE TRIGGER version BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_version();")
    if table in EXPLAINED:
        named_by, names, made, changed, stream = EXPLAINED[table]
        if table not in NEW:
            sql.append(f"DROP TRIGGER explained ON {table};")
        arguments = (named_by, names, f"{{{made}}}", f"{{{changed}}}", stream, stream, table)
        sql.append(
            f"CREATE CONSTRAINT TRIGGER explained AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
            f"EXECUTE FUNCTION armguard_explained({', '.join(repr(argument) for argument in arguments)});"
        )
    return "\n".join(sql)


async def upgrade(db: BaseDBAsyncClient) -> str:
    return TABLES + CHECKS + FUNCTIONS + TRIGGERS + "\n".join(guards_of(table) for table in dict.fromkeys([*KEPT, *EXPLAINED]))


async def downgrade(db: BaseDBAsyncClient) -> str:
    raise NotImplementedError("Nothing is ever taken away: restore a backup made before the update instead.")


MODELS_STATE = (
    "eJztXelT47i2/1dUfLkzVRmKAXq5zKtXFYKb9gwkTBK6p+fmljGOSPxw5LSXZnKX//2dI+"
    "9bYmfDcesL2JKOrPwkyzr7v49m5pga9nHbmpnW4uiC/PuIqTMKF6maFjlS5/OoHAsc9dHg"
    "TdWozaPtWKrmQOmTatgUisbU1ix97ugmw7ZtRqC5TSzTnBGVjYnu2GRuGrq2OCY3+gxvNd"
    "NlDlRQaKeSObVsk5GpaYxtYn6jFlENg/Bn6tT+hTxAu7lpqdZCMZBemZquZT8Q3SZy99NP"
    "7/9mH+PQxqYGY9PZ5FVH4TL9q0sVx5xQZ0otGMs//gnFOhvTv6gd3M6flSedGuPEhOhj7I"
    "CXK85izsvu7+WrD7wl/sJHRTMNd8ai1vOFMzVZ2Nx19fEx0mDdhDJqqQ4dxyaLuYbhz2pQ"
    "5I0YChzLpeFQx1HBmD6proFTfvQ/Ty7TcKYJfxL+Of9ff2ixZorS7Q2VgTRUlKPMCsEhpK"
    "bLL9JMhqtLZw4C9e//ev1GgPDSI3xA52O7/8PZ2x85BKbtTCxeyeE6+i8nVB3VI+WgRyhr"
    "sLyzOHemqpWPc9A+hTQMdDcYB/DsANCjmfqXYlA2caZwe3a6BOBP7b6H8SnHGNa95m0FXb"
    "/mlFch1BG0/H8FaIP224E2KIiwjXaovYP78+n7EuhCq0J4eV0SX0ef0X+ZrBLGcZoG4vz2"
    "vATMb88LUcaqJMi2A1jkIywxd8ZRlmFEKtNoBu2QeH9QH/XupG7FLZjTXBD8O2Kdm95Aur"
    "og3n+4/9juXku9T1IfysLrEbvpdX676n0GuuAq/dUt9WK8LfNevC1+Ld5m3oq873J2AmXm"
    "FLwhRfSpOYTfs6s5PD3f1csywSH8dPrz+bvz92dvz99DEz7MsOTdkumQu8P0y6GPKRyJPK"
    "QqYJyh2x+2Px8ItIbJJsrEZZWxzRIKcNPgqi4gYun/UnEgikW/urpFc47bl6ZpUJXlA13c"
    "SQrwR+hlV4iHJfs9cF/2ejfY88y2vxq8QB6mtuj720sJtm6+c0Mj4Kvy5+Krqxr6k65tNB"
    "fFnYi5qDAX8NAn3ZptNBWFfYiZqDAT36hl48DK7/sxCrHhp+GEH+Uo1QQqMZJtSlVemV1a"
    "X4iCcqqn51wZCkKVhfaDaVF9wn6jiwyTlALUFz3e+90cJqRR6VEoxrHUl1CwF19Q8NvhF1"
    "Pv5e9Lg2Ff7sCSRYgfVe35RbXGSgHWXD6ZsyX7ZB9+61OD773FOMvQRYNwLvyCbQhTJ9ZV"
    "Y+FybcccL+A7rZnWeFPAvM76vK+mIuaoz5Qpes6XeZdQ+fvJQSFl0YlrqJZub+Nl7Cc6a+"
    "riCl5HQ2d0Oy/jje7JepuIFvxA7VkxTGdDqAbYz43ZpLNHAqe5ZcJ5TjU2hOnO76apMOko"
    "94WfpFjmy6YnLL+rvvnSVLSgiqozZUrVTY8NA97TR+ioQR9CPMqbp2bsCJ843GerZqezdI"
    "nK1An/SfhsfFKcT8ox3Qj4p2LDjYBRK2W2YVoTlfkf3L/ZZK5aTou4gLPlWU+oFmUOwS5z"
    "7S0qkgtDiRrw+EgoDCWEoUTDDCWEMPVom8JUb+uuKE5NEG2w+9bzALBdeaqH1f4kqvXEdK"
    "VANbGkNhCpeuasG55iI7vZA9t/S5328Zi2IUDNWovJDZHbCm/KXvNOmrSAdskD+WjlcEER"
    "jsV80Dxqs5IT6jHqG4MfkwebWt90jSrMnT1SS3mmC27xDRwLYaY1Uw3dpmPityJeK25v7k"
    "0WeTItQuFwkeWYdvOYERuxdmDL/qI7U2hFHtAUXnlULQUYb6jgfcOtBX0+WWggD/XAq82J"
    "Y8Yau8zRjQfg61q8J9NFY3lk6aCYDw0aYU+G/gRrFx79MNeZMlXtaTh41ZqY7FQfEywl5h"
    "MvvJO73tBepro2JRbVKKBvQ2NKfHUOdCd4xJqcW1pLeMTkuq3C0mQpG8jc7MA6ObNRrA96"
    "QN04hn37sFsqe64CdNC+gWt6+9KQJ3WmGwulqlAkRdZAqHciG5no3yjjqOWcX4vRTpEJtM"
    "uhrQEaE59PXMehJE5fZ8yPeh8+yB10GfEvRkzq3siDIXqWBFcj1pE/yTdyu3tBgqsRG3zu"
    "9aGA/0ufkkvN29Y9Ssaus1DQlccteEVWz1uqiz26A7U7Q/mTVPEY6VNdEO//iN1Ibbzl/2"
    "CK7gd3UvcK5zK8HDG5G1AFV9BSumv323zWw8t6TGqKB8pO7JD+VSAcziFda0LrKerIQ3go"
    "/cENmUPD5gDZH27bf3DQZwu/5qbXvQ6ax2aic9O7LJoBzkFmJ+AKkEN3xRWTEFKn5mDskx"
    "8HF82aEflWGgzbt3eJabmC9wtrThNTEpT+kH4/wk7IZ3n4keAt+bPXldKcX9hu+OcRjkl1"
    "HVNh5ouijuOYBMVBUVJG5ssCqhwy4jRNeMOSe9rpmzKbGrQq3NV4nVB1Cb+BA9VzCb+B/f"
    "kNOOpkQwXFUJ0c3pYrnAa2D9ejZbqTac6bKyzgk0Bh8CDoRLhVlDC+tW2XKgmX6k0V8vG+"
    "mgpbwu95Q8B+j/fVJMB2qYfmvnQ5WujAx65YB60HLUppoG1q6arxk6epoeMWFDBbd/RvlE"
    "cs83TG0CLUFfua4Dm1CAzefYInuBbcBKrhX4ACo9M8EFtd2ORlCt1CV0Car5ve9wCErrcG"
    "Z/fWEl1vfFKrKh7zaOsszq6TCsF7zSqqeX2KBmK8E526v49VB7nBi3kXWnStohZdW1+LXj"
    "P+QYStS30R5a7S7/VuqyqqfDLUOfGLEZMHg3vUN3n/US2l3Lbl7lDqtrsdrpyK3/P6Yb/d"
    "HchDXudfj9gtdCB3ry+If4ER7wZDjHY3gNrBsHeDMfO8/yPWlzoYFg8fHF6O2JU8uPOi6Q"
    "VX9VB++YY/6qNu6M7ayuhsL3tcLwOp/0nuSO3Lm8rKzRgpqiXDG5hh+Vbmykr/YsTuu4nW"
    "idsR+/2+DctlKHeRJnZTj1m2TJeNFR7WuII+IEW1P53Aya622i3rBISKZatwet4XFZUsCS"
    "KhZklByqUNFRGN0whAl+utOFZbUFyhkOg26OswgV2pvYqvqwL1VXY32AK2jfPHSgOb2AKF"
    "YlCEx6oFYq+vxzmUdbZrrYT3YSlQTYRfneX6CSX80pWIGEKYOaNMg/l0LYrOXSajCdF/Tp"
    "iQcjRCF1CD81BriS4gPotVJHppugaKTXeiA4i/IevqXQTe6+EtdF3CXWbr7jJ3MgqSL4j3"
    "f8T68gcUN/J/I9Zp9y/lLtz7FyM2+NgbXt+j/Nm7gJLba7i7vR6x23bnIzRSeH3sZsRu2v"
    "fdzkf0ygmuRqx3N5Q7mPsF/o1YV77+OFQ+yQO5B8TxO2g55KT8Xz0EnLZh5kg2Swqvfdpa"
    "L4uBfCW1+7cwsd4F6iC6197MBlewPPrSZwXl0jxtT3QzYlcSyqoviPe/HpOmqYZe0Tk8Ri"
    "J0f6t1f8zOEU4vOYTZjXFh2rVrcpDOQvmatpUrrcMu7EHgvxp/oXo52lT1khFrl5ERiqQD"
    "Qui1FdR2KfRCMXSOuMuXThcLuhy/QamYuHMVjVoxtikxGVHJozqewCVGX+J2sBdowsrDIn"
    "BRlqNaE+qENq88RpMGTR8pseg389kPbJSJnbubxwg5Ws3laCLG7i59Y/1XQVFzmMblzuZJ"
    "SuFoXmdHc3FG3PiMmDjboBqo4u4fkYhAv6nQyTwSY9XQyXEigejy0MlhZM8N7UdKh2OtJ6"
    "qrgyfHF1UJw5zAXW0LJk/NBTW281W2yNkla9TWPHveHPYoqGotY5HUWKOVbNLnqUmggX3M"
    "Y8cCF0vtMACsrZlzSlxmUNuGasNQwia/kIe5atsvJvzYMGhsGDAWORrGeRud8Z4MChxRjk"
    "nB3p8umKoafBFaS5gq16ZW1WCScZo6a4hqo3MIAKuqHU/TNY6T3T7UiX2qCtYZwuapHHYj"
    "NzCNvOCobctSF0U+NEZuXFRDtw84UlGueED6Y/iPf6ZdOmJf1hw5+LLs8WlSkTS+QtL4Ys"
    "yXrNUlaDdvueJxIbNcD85XdjsxXa/kAXoxes6p/Cp9mH4dAxEhwDt6FSWvZpj2/qNV1ew4"
    "UV7fK3BaidPrZgA/RMTGVNPtzbGqkKr5EFHaf0LrQ0RJneuKYz7TjW1R5voQuznck+CKTN"
    "bU3sIrN/B6aRJIu5RIJ+Kk5oil03FUi2XTWrrlSgH1cEoJhuakFuYhi3KMETVIPublI/OT"
    "kwEaU9XhdyjfJy9AM7bUF9ZCgxxepzu8lCdFIQhQVi69r4cKcXTNxdHAME424TYntRdKH/"
    "HQS34EJgyNNLzHjC7e/3rwmOHrt4YxUJp2C+ZANf0kNMIeSMSXaZYVSzMh9SJMVIQ0QSQg"
    "XW4ZZIWSlg1NWJoax6OVMmZJrC4RumfPoXuy++0WkG1cjvE0smWs2l7HBCu5a+RxvOltZQ"
    "nLmwhLVI7pRbso5D9tP802cpUtYuuwXjD2OvCVjwu4MG1gU1U2PiYdw8Qk4yY0aPnGTxrU"
    "TJBlfXKKTK+2+whMX/5gQvkYWFreUWjLBSUET9cYNMZ7HJY+UaBFrtiBcYRsMjLcaPxA4Z"
    "kPL1SdwzJSNJjSB2Lo1A6MujClHLFMc4YdGjRivnV7xEzXAWKLOq7F4OjvmLGk5gGZx7Kb"
    "5nOMlHGvHN2xifnCBIdel4NCawmH7stj1shinqVsnD3TeZkwH+fFUT7OM0E+fNByxK/6pD"
    "hKbUS0P5XvLkH2tL5/Pz09O3t3enL29v2b83fv3rw/CdW/2apleuBL+RpVwYlJyHHu4I6r"
    "HLncVb5aIJXsodZSqaF0e9frt/tfLkh4OWIf290rpS91JPlueEHidyMm3Ur9a6nbAYrwsh"
    "7yKw77OsKrBKGQXNVacoWHnuozHFEJP8U6zy78tLGOAChwtFx3+810Uusd+HsJvM/MPHvC"
    "4oTiQfsm2GOvsBVOvJ3byCKucR5yHTVOnFBslbXeKnGqFIuquVKwkjtlqo8av2tHnqbUyy"
    "XjXY0Yz0vzQerzFDOxm+Vpaa5Q6tX7wo18g8sR6/SAssP32/CyHjtn9D3T15/pVB91nunv"
    "5YvopwwufIeLv41ZyhrPZ22/kp7cUql6MEmRCeTXQB7TKdnwPIvmCG+XZ2GKka0l5KoZ9N"
    "sOTRK3/FOCwIo5YsRl/maFfQjHswqOZwkVTdWDeIZYHMbrfBiP68+q6EbSdE34mOza1Vu4"
    "wm31gyFMAbdutxYczx+rwpohFIGtcgVblYFN0wlck7h6ThgVQU0QiU0gXxtZeamm6cRSrU"
    "nsxWYu07lrzVEIXNFuPUEllmieYIkbxFU2Xk9TCmyXGrAL++pd2VfvN7bloaK6Orhl9pi1"
    "BVQbb7OeOFuW8QbwPkjbgDbq6SD319XuAIlvd5mdIDiRbmObjYKmNhPd9PG9BL4hcyrwXY"
    "1vmpMvgW8kVdnnznug+GZEUCUAjp1a93kSO1CEs2f8DRLVx1V1mwbfSsUMacjJokbBtw4S"
    "ssCvztDZlsK73UBPTUJrlx6SwWk0xzcydlAt9oqMnYvLZKsfu86C4Kwdkwc/TzCPFU9nc6"
    "iYUZXZPJnWggRZhNHVEJmgvDz2G/TGnRwNUx2brsOdCl/QjXBiUtuLCOSn/ML2akh9QShz"
    "8BFYHDxx8dDCqPeOrhn0gQetf/jqqszRncUDjAuV7FPTtWz/KRQzi0HPc9NSrcWI8fOc76"
    "6ILca4oetPKSfHMQ6MmQ5RDcN8IRhLX7g11kV8hIQiudje85JWTS/Q4NQCu8wDXzW0dZKs"
    "8cGtc2Ox+wNQNnf1zO9pj2GvQ6/Nivtuozw/w494dhoLjYISNMKSNGsY5J++spD+Ouh18z"
    "GNkaTtFXXNIf8hu9xfYseRR1c3HJ3Zx/i81ziRIETYc7HVdNpAOnV0wQ7SVtPC8G3j9Z3R"
    "JJaSsSQiy4gQ53tnglOClhxeOCuKKWaJrWzbMlmuI2bPfHrSNT9krWFiDlwCvClwpHRGLZ"
    "hObUE8rhGZTZs6wB2+MGAtF0F0WkufTB0es5ZztTyMLWasVh9h84RGuemv9/18wbrWnHXd"
    "q0P1gZ34l3971/IV8zeNNVNlp6lFlJFa+3MIo3gRzPUQII22lcp2xrnEwtpQhMvdrq5bhM"
    "uthzln8nXfBsJNtzTK3SDrGD6X69OLg+cG6vbVoXONoGWJwLnAN3Ldq2ECA0kZ3LlOQjXb"
    "4uwnZzAfqaZ6QWl15xfygHFuAVN0cX7waVmU54WrdR2TXzNgZoJMMHmhdV9nEIIzrsFXur"
    "WEM/ZsMCvISSOCJsVN3ZomILBYq4BonGR/mJ4cCKD0rznF7acCoHESAWhWV2XnCGUKwQya"
    "CyDTQMY+ixXwTFEJWPPW5xpxvlJkTYgOsm/BrVCabnUhC8Ho1qV4wLxUxDOiEGAKKbOQgd"
    "ZdjiRkoPWQgcK+uQVYB46pPd+YhygYKAts9IGplbwzRD5H2BmflWJJp42tFH8dlHGIQcmi"
    "+US4dYznQ4LZq7xb3x6nhSVeaFI0qZnrVKP2MXl40p1cXxdmzijTDNVxLZrnNbPrR6JrTR"
    "/Fmd/omHuqkLFuz3nSMd0mqvGiLnx3G7g1GU9L1uKSVbjhkrIWCaQRXLyKXAr5Qe5++unn"
    "kx9hFIYKXAs8mOEiCjOC8QKeDWzEgNyA5edV+N446Laj8pIF/FAqJK11OQu0lkha/QWahb"
    "rYzSNG0ghLJOFGc9huNM/w0/LxXe39EdDWGeuj9u3tfVceyr3uBYmuR+y2fd3+U+5KFyS4"
    "GrF2pyMNBj10Cgkv05+o13HxwCNJ9dyDSao6T9Oar8T2w+uOzbGuVcE4JGiCeDKJbpntpn"
    "izyWw1eDzLIrvEVy8gaLyXHh41Ml56ln9IXcvgNkEqrG1rbW0bzFYl/XJEInT2OYL6gKer"
    "gGmcRKjwMukcmIKccAU8YxRiieYh6joKJqRCkUIVWFNkYqkK8xJhXnIgQMZFg5VUnmlCoa"
    "YTmnkRa7qm+qMyirkqnvci9lwB8Dt1u2+7AKSl/6vQ6z7ZoLVM8ebFx1EzBGVUcDBlqBBD"
    "XdEMPgPUIol+eFCRC6KSOQ/NCm0WZAzLMfIBMIGCLWIB4+L6sBZ5sswZFKIwoIWdTNW5TV"
    "zm6AZq3XJVdK88JFThfeZuDhjmDubZk3E++DHqVOLnFSNYSX64ahPYo2bk7N3533+8ILZr"
    "WXjYs1B/N0E9nMN/iUfkuUxMgLlmBNeRH/tO6OPq8oVqLdHHfVMNHXZTWD35ErMCi8cE1T"
    "Jh2eFunXlAo/ArbS7KoeBvWnUEQ7INIayZTLwagrH9qIoWIUXWPF3C9jU1Fv2GwV/WEo/H"
    "KUVq0ToLx4UB+9E2JRCvlj7scF6RCkIHftKvCGecRuCZysbG+YWqydjiREKIs1yIMw/zd2"
    "woxGl8CqbEsiphXc1x2QKwmDHsNujrIDeBldDGt8DapWI7UExXZ2J7HaP1313gDZ90rVCK"
    "lmzQWiZF+5ppWi5SRyiIwpCR9hTDQTomecSIjwbFy7HZIi6KhDCbAjyX22knZFIoS2LEol"
    "9dfR2Z2esNQ8isavBBbi2RWb1uCoZayQi2bz3u7xjonJ9z6CkWaKXpvmuhIP1rDruNXRHC"
    "JNX3LBIUgiohqBKCqoqCKiEKEKKAuvBWZUQBr8Nd3VkmTLpqHOUwVmFda2mGvHirEuYImj"
    "mboYYcWBg/nL5qYwj+J9NqRQEEvaA9dqhf151j8nlqojsuGVNNh24DZT0zkS9BVgeD9JvE"
    "GxB64/petadnP+YZIbzOQHhiPtWauMCTobOxalH+HH80f7MJsHX+8z3nY4s+UQsYOByLbR"
    "rf6PgXEvWgAC84DZyEdYsMPrZ/On3zVrBuddlAW0tZNz7p+dzbavfJGHmdmbkjeTC4lxR5"
    "KN0OLkjsZsSG/XZ38EHqB5XJ+xFrX/16P4COh73ObxckfjdinV6/L3WGQX4toE6XpF/6Mi"
    "zk9j0vw1c1O83FkcsSRHWe3K0c1XcRuCy5Q2axv9SZahX4DWZpU1PwuHA8g8rmTMKln0Ur"
    "nASYg0u52+5/yZ+Fy5ysW5dfhlI7w7xWjdq3YcC+A8J8Jwsfo0ha+nhMK4GepBLArwF8cN"
    "5bQ06TIhX+trWW1ISz9bhQqoYXyaNtxNu2h1AjgUS4+vuVpBSvV61fL+B28jKzleOJQuI9"
    "5hC+k7pXcve6Iu8ZkF0Q/wLYnbu7fu+TdAWsjn81Yn3pV+BpsCy4qgdb4wk/1vnYJSmFUq"
    "LO72IwV2t86XJIm2eVvpPvHCKHih2laorKDGETAN/3MV7o4Y5ExPP9r+UKVs6xnbUarBlC"
    "YT9ewMJXhjZLKbAV0QBeJUx3bCluA96m5ynMvrklMI52UgHxaogz351a2UC05/rQfKb5IR"
    "qCutYyGwh1ritO2KyEEQRvzCMDqGgmMLHU2YVv0W3CUmkR2zF5eAEMRuCr9KHGWOQZMmzW"
    "mTASqMF3skWKjQREAOsd+oDzd2cNDXGSTmiHW2tqhzWLIj5rSBGTlEKkX2sxotDcfBfTLB"
    "wVvodZVj12papIL0ElZHorpCMRS7g35rKmwK6WjyRWVq1Yy445m+NYxn0KkNrOUQ6LmWnT"
    "WsZqakFrxYo1L8Fy+s09l2Db1TRKgSW/4MbnNoyIPPgt5PFDEJuPl0O/wFqiyzEziU1hOs"
    "aEPj1RzfFD3VHHjrVm9gu18tjU/Q8gh7X9xxHvTXmmXHDjPxGXzj8F11snrjcxTWVZ3wSR"
    "4H9LxUALX4AKizpJJb7laaZ2mVtHATd7GK4ctVm3wrq/HvIb72ubxX+JZ0tI0YiFvm/rlO"
    "j8t4bILEUrpCm147MzLOHr8C0DatsF4ZaCqqVcih1rVII3sYGj/UlnF0SHk/wjVS10o+Va"
    "Ld2upApbvyOhBqvFIaqYIRCaGqGpObzZOIiPjtDUfH/TzNbz3YjTCS1NnWdYaGmElkZoaU"
    "pxO/JsblqogOGvUobjiVe3liZp8hsqlt+ybHRZaM+zGDECLIuhA9NiL2xMbfRINRhLi9im"
    "pzYJtRxIASwN43GIHi3TnUwdojPivOhacfjYXTxnA8bJNl1Lq2TbFlFsR3i0mnXanyfZ25"
    "NSLponS3w0T35cwUTZ7uP/US1nwyrpXBuR11l4d3TflYcXBP+OWLt/2+t/uSDe/xG7k/qD"
    "XhedbvH/iGGkIeW2dyXdXJDo2iv3SkZs2L6+IPAHqO/7d72BBOTeBfR/P/zY68t/tocydp"
    "u4HbHf79s38ge549cmbkescz8Y9q6+YMCiXv/qgiTvR4xHOlJuevBjwksYQ78Hj27DeIMr"
    "GEWn07vvQjv/AsZ/e9frQ4H3P70jlFmRp2Wk9qfFUvvTjNTeXz8VzyRJKnEmSWdkCb461U"
    "/zKVLBs9X7RC88KYVPWl1O8xtlqN3lYf6GjifUkjDVdd5hPl699DBv8IZezuxyh/kew1Ce"
    "gK53hp5C3zD542MyoF9bxKKaaY1R/+C0yNyi33TTtdGqacqNmLwLC47d1CGPC34Cx2Pco2"
    "rTXwiGFsWOtanKJtQm6pOTZ2T1KiPItbKCMVGVZ0ux6dfytlXrpDbfVVbz70OtEk1UaR4s"
    "pKgzD7AmF3ZWJk7OWXGcnLNMnBxc/xl0L/VJYTQJn2B/kSR2Ca4XTOLvp6dnZ+9OT87evn"
    "9z/u7dm/cnYVSJbNWy8BKX8jVGmEiAnw05wTHLXdGrWdyAts5rm/O3wCRey4Oh1MfQUKmC"
    "EeMFsCS712G1fxdwxAn6TFHYKuwjeR/w0YleMkVhq7CX5P2IXd0PvyhwMB7eD6JGOYV8PA"
    "Plst1XkKEd+CNKlMTaAJM9TDTxCmA8chdRhYF4Fyn+Xbnut7seZV5xunVf+tT7LdvaL05x"
    "/z5Xj83zy7Pt/d5zi+OSi8Qs5BYnWodAZ8tCCUdyYjNlUbtoapMF/hMzI8uMKTmaJPVA6g"
    "6VYU+5bcNbLnXb3Y7kt8up8Wku253flA/93m0OVW6dT8cDUwfD8G7C3zC873djv8C79Wth"
    "wDB5Su+T1PcbxEr8NsP2b1I33iQqiP/Sj73bxO/De7++3e/Ln8Ih+Hf4/kiK9Af8kCvvxY"
    "nuMHIcD4PNnwI1GEAuURC16PS6H+T+rRdkLlUUb8XDaydb+UUjJt1K/Wup2+G7yP1Nuy/z"
    "lzS3OJBs8W74r0reB/VewO+oPrgP6uEFHt5E1f5tICHji9K/iqRmShRkL1MUaxWF3csUcX"
    "mg0h4M5Gu+KOJ3Xl345sZuQhmd0ulLbW+PSRbEWoSbbrIganElD9qXN/EmQQn8BhjMZ9hR"
    "/I0udgej6+G6C0eQuA1qo9HHbyNppSdRlGLyyqBkxG6k63Yn3iRVsI4c8rxMiLXz4ghr55"
    "kAa0IMLsTgQgxeFyZhS2JwkZh8i2i+avasZiKqLgxTzcGz2FUiRlLn70xtfSV8d0B9/Qw7"
    "yR7qPAlH2U8fHOEHvRsJ8+LwC/iQfhnwz7n3f52P4Q7S43CIq1qpRTRin8nDs2rQqCRVnR"
    "f6uuY1uwjUrFl0TJmjq0bFBZwhFKs4ieyL7jBq2xVhTVIJTGvl691ITKFDZqtcB1hNy5Mi"
    "FNqetbU9XigQ/Rtdx50hRSssoGptARVYMKwVYCxBKia61hMNcwUTlpcyc8mZKkYjPlPpuP"
    "aetc8a/rMZUuFC21rThbY6+ALzdTCvSxAFbij1kapJG7dsbWtpKAXeTpkGDVeaIQ6nlBiq"
    "7RBuGMf9fYjXiRcuzQnqYbekQAbDnj1SCxti1ATVmtnEMs3ZMRnGLACJapiMkpn5jSc8z9"
    "oe7u+xm3gcvbq1W408jrZl67bEuLD2tm8nu0L6VVgh8YHZ/0fd385yjqrLFnqcSqz29Vb7"
    "q/rDNIZNqJU7TD1RPWBvmDa1dG2ad/70a5aePdWozapjZzGmW46sVbil5r7SOZupP4H1Pa"
    "RtJQFj8aGsML9l8SG4OMFlE1SDp2/elLHwevOm2MQL61IfJ3ipKiDsN28guj+flIprcLIk"
    "rsHJSUbxajKH5gVe+XXQ6xaJB0OStPBX1xzyH2Lo9iEqXZaAi2AkjrwZo5q0/UzqiIAdXL"
    "62QOW//w/2FcWj"
)
