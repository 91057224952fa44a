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


MODELS_STATE = ""
