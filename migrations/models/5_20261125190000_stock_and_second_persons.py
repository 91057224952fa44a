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
    ADD CONSTRAINT proposal_command CHECK (command IN ('ISSUE_ITEMS', 'TRANSFER_ITEMS', 'ADJUST_STOCK')),
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
        AND type IN ('STOCK_RECEIVED', 'STOCK_ADJUSTED', 'STOCK_SETTLED', 'ITEM_ISSUED', 'ITEM_RETURNED', 'ITEM_SENT_HOME')
        AND payload::jsonb -> 'stock_lot' @> jsonb_build_array(jsonb_build_object('id', NEW.id)))
    THEN
        PERFORM armguard_refuse('explained_by_the_ledger', 'A change of stock_lot needs its event in the same transaction.');
    END IF;
    RETURN NULL;
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
        "ITEM_SENT_HOME,ITEM_ARRIVED,STOCK_SETTLED",
        "armory_id",
    ),
    "custody_record": (
        *("subject_id", "id", "ITEM_ISSUED,ITEM_TAKEN_OVER,CUSTODY_IMPORTED"),
        *("ITEM_RETURNED,ITEM_HANDED_OVER,DUE_EXTENDED,ITEM_SENT_HOME,RECEIPT_OVERDUE", "armory_id"),
    ),
    "custody_line": (
        *("subject_id", "record_id", "ITEM_ISSUED,ITEM_TAKEN_OVER", "ITEM_RETURNED,ITEM_SENT_HOME,ITEM_HANDED_OVER,STOCK_SETTLED"),
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
    "eJztXelT47i2/1dUfLkzVRmKAXq5zKtXZYKb9gwkTBK6p+fmljGOSPxw5LTtNJO7/O/vHH"
    "nfEjsbjltfwJZ0ZOUnWdbZ/300tUbUdI4le2rZi6ML8u8jpk0pXKRqWuRIm82icixwtUeT"
    "N9WiNo+Oa2u6C6VPmulQKBpRR7eNmWtYDNtKjEBzh9iWNSUaGxHDdcjMMg19cUxujCne6t"
    "acuVBBoZ1GZtR2LEYmljlyiPWN2kQzTcKfaVDnF/IA7WaWrdkL1UR6dWLNbeeBGA5ROp9+"
    "ev835xiHNrJ0GJvBxq86ijkzvs6p6lpj6k6oDWP5xz+h2GAj+hd1gtvZs/pkUHOUmBBjhB"
    "3wctVdzHjZ/b1y9YG3xF/4qOqWOZ+yqPVs4U4sFjafz43RMdJg3ZgyamsuHcUmi81N05/V"
    "oMgbMRS49pyGQx1FBSP6pM1NnPKj/3maMx1nmvAn4Z/z//WHFmumqp3uQO3LA1U9yqwQHE"
    "Jquvwi3WK4ugzmIlD//q/XbwQILz3CB7Q/Sr0fzt7+yCGwHHds80oO19F/OaHmah4pBz1C"
    "WYflncW5PdHsfJyD9imkYaC7wTiAZweAHk21v1STsrE7gduz0yUAf5J6HsanHGNY97q3FX"
    "T8mlNehVBH0PL/FaAN2m8H2qAgwjbaofYO7s+n70ugC60K4eV1SXxdY0r/ZbFKGMdpGojz"
    "2/MSML89L0QZq5IgOy5gkY+wzOZTjrICI9KYTjNoh8T7g/qoeyd3Km7BnOaC4N8ha990+/"
    "LVBfH+w/1HqXMtdz/JPSgLr4fsptv+7ar7GeiCq/RXt9SL8bbMe/G2+LV4m3kr8r7L2QlU"
    "mFvwhhTRp+YQfs+u5vD0fFcvyxiH8NPpz+fvzt+fvT1/D034MMOSd0umQ+kM0i+HMaJwJP"
    "KQqoBxhm5/2P58INCaFhur4zmrjG2WUICbBlebAyK28S8NB6La9OvcsGnOcfvSskyqsXyg"
    "iztJAf4IvewK8bBkvwfuy273BnueOs5Xkxcog9QWfX97KcPWzXduaAR8Vf5cfJ1rpvFk6B"
    "vNRXEnYi4qzAU89MmwpxtNRWEfYiYqzMQ3ajs4sPL7foxCbPhpOOFHuWo1gUqMZJtSlVdm"
    "l9YXoqCc6uk5V4aCUGWh/WDZ1Biz3+giwySlAPVFj/d+N4cJaVR6FIpxbO0lFOzFFxT8dv"
    "jF1Hv5e3J/0FPasGQR4kdNf37R7JFagDWXT+ZsyT7Zh9961OR7bzHOCnTRIJwLv2AbwtSO"
    "ddVYuOaOa40W8J3WLXu0KWBeZz3eV1MRc7VnylQj58u8S6j8/eSgkLLpeG5qtuFs42XsJT"
    "pr6uIKXkfTYHQ7L+ON4cl6m4gW/ED9WTUtd0Oo+tjPjdWks0cCp5ltwXlOMzeE6c7vpqkw"
    "GSj3hZ+k2tbLpicsv6ue9dJUtKCKalN1QrVNjw193tNH6KhBH0I8ylunVuwInzjcZ6ump9"
    "N0ica0Mf9J+Gx8UpxPyjHdCPinYsONgFErZbZh2WON+R/cvzlkptlui8wBZ9uzntBsylyC"
    "XebaW1QkF4YSNeDxkVAYSghDiYYZSghh6tE2hane1l1RnJog2mD3recBYLvyVA+r/UlU64"
    "npSoFqYkltIFL1zFk3PMVGdrMHtv+WOu3jMW1DgJq1FpMbIrcV3pS95p00aQHtkgfy0crh"
    "giIci/mgWdRmJSfUZdQ3Bj8mDw61vxk6Vdl8+kht9ZkuuMU3cCyEWfZUMw2HjojfinituL"
    "25N1nkybIJhcNFlmPazWOGbMikwJb9xXAn0Io8oCm8+qjZKjDeUMH7hlsb+nyy0UAe6oFX"
    "mxHXijWeM9cwH4Cva/GerDkayyNLB8V8aNAIezKNJ1i78OiHmcHUieZMwsFr9thip8aIYC"
    "mxnnjhndLxhvYyMfQJsalOAX0HGlPiq3OgO8Ej1uTc0lrCIybXbRWWJkvZQOZmB9bJmY1i"
    "fdAD6sYx7NuH3dbYcxWgg/YNXNPbl4Y8aVPDXKhVhSIpsgZCvRPZyNj4RhlHLef8Wox2ik"
    "ygXQ5tHdAY+3ziOg4lcfo6Y37U/fBBaaPLiH8xZHLnRukP0LMkuBqytvJJuVGkzgUJroas"
    "/7nbgwL+L31KLjVvW/coGc3dhYquPPOCV2T1vKW62KM7kNQeKJ/kisdIn+qCeP+H7EaW8J"
    "b/gym679/JnSucy/ByyJROQBVcQUv5TupJfNbDy3pMaooHyk7sgP5VIBzOIV1rQusp6shD"
    "eCD/wQ2ZQ8PmANkfbqU/OOjThV9z0+1cB81jM9G+6V4WzQDnILMTcAXIobviikkIqVNzMP"
    "LJj4OLZs2Iciv3B9LtXWJaruD9wprTxJQEpT+k34+wE/JZGXwkeEv+7HbkNOcXthv8eYRj"
    "0uaupTLrRdVGcUyC4qAoKSPzZQFVDhlxmia8Yck97fRNmU0NWhXuarxOqLqE38CB6rmE38"
    "D+/AZcbbyhgmKgjQ9vyxVOA9uH69G25uNJzpsrLOCTQGHwIOhEuFWUML51nDlVEy7Vmyrk"
    "4301FbaE3/OGgP0e76tJgO1SD8196XK00IGPXbEO2ghalNJAO9Q2NPMnT1NDRy0oYI7hGt"
    "8oj1jm6YyhRagr9jXBM2oTGPz8CZ4wt+EmUA3/AhQYneaBONrCIS8T6Ba6AtJ83fS+ByB0"
    "vTU4u7eW6Hrjk1pV8ZhHW2dxdp1UCN5rVlHN61M0EOOd6NT9faw6yA1ezLvQousVtej6+l"
    "r0mvEPImxd6ouodNRet3tbVVHlk6HOiV8MmdLv36O+yfuPain1VlI6A7kjddpcORW/5/WD"
    "ntTpKwNe518P2S10oHSuL4h/gRHv+gOMdteH2v6ge4Mx87z/Q9aT2xgWDx8cXg7ZldK/86"
    "LpBVf1UH75hj/ao2Ea7trK6Gwve1wvfbn3SWnL0uVNZeVmjBTVkuENzLByq3BlpX8xZPed"
    "ROvE7ZD9fi/BchkoHaSJ3dRjlm1rzkYqD2tcQR+QotqfTuBkV1vtlnUCQsWyVTg974uKSp"
    "YEkVCzpCDl0oaKiMZpBKDL9VYcqy0orlBIdBv0dZjArtRexddVgfoquxtsAdvG+WOlgU1s"
    "gUIxKMJj1QKx19fjHMo627VWwvuwFKgmwq/Ocv2EGn7pSkQMIcyaUqbDfM5tis5dFqMJ0X"
    "9OmJByNEIXUIPzUGuJLiA+i1Ukemm6BopNd6IDiL8h6+pdBN7r4S10XcJdZuvuMncKCpIv"
    "iPd/yHrKBxQ38n9D1pZ6l0oH7v2LIet/7A6u71H+7F1Aye013N1eD9mt1P4IjVReH7sZsh"
    "vpvtP+iF45wdWQde8GShtzv8C/Ieso1x8H6ielr3SBOH4HLQeclP+rh4DTMa0cyWZJ4bVP"
    "W+tl0VeuZKl3CxPrXaAOonPtzWxwBcujJ39WUS7N0/ZEN0N2JaOs+oJ4/+sxabpmGhWdw2"
    "MkQve3WvfHnBzh9JJDmNMYF6ZduyYH6SzUr2lbudI67MIeBP6r8Reql6NNVS8ZsXYZGaFI"
    "OiCEXltBbZdCLxRD54i7fOl0saDL9RuUiok709CoFWObEosRjTxqozFcYvQlbgd7gSasPC"
    "wCF2W5mj2mbmjzymM06dD0kRKbfrOe/cBGmdi5u3mMkKPVXI4mYuzu0jfWfxVULYdpXO5s"
    "nqQUjuZ1djQXZ8SNz4iJsw2qgSru/hGJCPSbCp3MIzFWDZ0cJxKILg+dHEb23NB+pHQ41n"
    "qiujp4cnxRlTDMCdzVtmDy1FxQYztfZYucXbJGku7Z8+awR0FVaxmLpMUarWSTPk8sAg2c"
    "Yx47FrhY6oQBYB3dmlEyZyZ1HKg2TTVs8gt5mGmO82LBjw2DxoYBY5GjYZy3MRjvyaTAEe"
    "WYFOz96YKpqsEXobWEqZo71K4aTDJOU2cNUW10DgFgVbXjabrGcbLbhzqxT1XBOkPYPJXD"
    "buQGlpkXHFWybW1R5ENj5sZFNQ3ngCMV5YoH5D8G//hn2qUj9mXNkYMvyx6fJhVJ4yskjS"
    "/GfMlaXYJ285YrHhcyy/XgfGW3E9P1SumjF6PnnMqv0ofp1zEQEQK8o1dR8uqm5ew/WlXN"
    "jhPl9b0Cp5U4vW4G8ENEbER1w9kcqwqpmg8Rpf0ntD5ElLSZobrWM93YFmVmDLCbwz0Jrs"
    "hkTZ0tvHJ9r5cmgbRLiXQiTmqOWDodR7VYNq2nW64UUA8mlGBoTmpjHrIoxxjRguRjXj4y"
    "PzkZoDHRXH6H8n3yAjQjW3thLTTI4XWGy0t5UhSCAGXl0vt6qBBH11wcDQzjeBNuc1x7of"
    "QRD73kR2DC0EiDe8zo4v2vB48Zvn5rGAOlabdgDlTTT0Ij7IFEfJlmWbE0E1IvwkRFSBNE"
    "AtLllkF2KGnZ0ISlqXE8WiljlsTqEqF79hy6J7vfbgHZxuUYTyNbxqrtdUywkrtGHseb3l"
    "aWsLyJsETlmF60i0L+0/HTbCNX2SKOAesFY68DX/m4gAvLATZVY6Nj0jYtTDJuQYOWb/yk"
    "Q80YWdYnt8j0aruPwPTlDxaUj4Cl5R2FtlxQQvB0jUFjvMdh6RMFWuSKXRhHyCYjw43GDx"
    "Se+fBCtRksI1WHKX0gpkGdwKgLU8oR27Km2KFJI+YbHmnNXcxoblN3bjM4+rtWLKl5QOax"
    "7Jb1HCNl3CvHcKGLFyY49LocFFpLOHRfHrNGFvMsZePsmc7LhPk4L47ycZ4J8uGDliN+Nc"
    "bFUWojov2pfHcJsqf1/fvp6dnZu9OTs7fv35y/e/fm/Umo/s1WLdMDXyrXqApOTEKOcwd3"
    "XOXI5a7y1QKpZA+1lkoN5Nu7bk/qfbkg4eWQfZQ6V2pPbsvK3eCCxO+GTL6Ve9dypw0U4W"
    "U95Fcc9nWEVwlCIbmqteQKDz3VZziiEn6KdZ5d+GkjAwFQ4Wy57vab6aTWO/D3EnifWXn2"
    "hMUJxYP2TbDHXmErnHg7t5FFXOc85DpqnDih2CprvVXiVKk21XKlYCV3ylQfNX7XjjxNqZ"
    "dLxrsaMp6X5oPc4ylmYjfL09JcodSr+4Ub+QaXQ9buAmWb77fhZT12zuh7Zqw/06k+6jzT"
    "38sX0U8ZXPgOF38bs5Q1ns/afiU9uaVa9WCSIhPIr4E8plNy4Hk2zRHeLs/CFCNbS8hVM+"
    "i3HZokbvmnBoEVc8SIy/zNCvsQjmcVHM8SKpqqB/EMsTiM1/kwHtefVdGNpOma8DHZtau3"
    "cIXb6gdDmAJu3W4tOJ4/VoU1QygCW+UKtioDm6YTuCZx9ZwwKoKaIBKbQL42svJSTdOJpV"
    "qT2IvNXKazuT1DIXBFu/UElViieYIlbhBX2Xg9TSmwXWrALuyrd2Vfvd/YloeK6urgltlj"
    "1hZQbbzNeuJsWcYbwPsgbQPaqKeD3F9XuwMkvt1ldoLgRLqNbTYKmtpMdNPH9xL4hsypwH"
    "c1vmlOvgS+kVRlnzvvgeKbEUGVADh2at3nSexAEc6e8TdIVB9X1W0afCsVM6QhJ4saBd86"
    "SMgCvzrTYFsK73YDPTUJrV16SAan0RzfyNhBtdgrMnYuLpOtfjR3FwRn7Zg8+HmCeax4Op"
    "1BxZRqzOHJtBYkyCKMrobIBOXlsd+gN+7kaFrayJq73KnwBd0IxxZ1vIhAfsovbK+F1BeE"
    "MhcfgcXBExcPLYx67xq6SR940PqHr3ONuYa7eIBxoZJ9Ys1tx38Kxcxi0PPMsjUYDz/ODZ"
    "nnrogtRrihG08pJ8cRDoxZLtFM03ohGEtfuDXWRXyEhCK52N7zklZNL9Dg1AK7zANfNbR1"
    "kqzxwa1zY7H7A1A3d/XM72mPYa9Dr82K+26jPD/Dj3h2GguNghI0wpI0axjkn76ykP7a73"
    "byMY2RpO0VDd0l/yG73F9ix5HHuWG6BnOO8XmvcSJBiLDnYqvptIF06uiCHaStpoXh28br"
    "O6NJLCVjSUSWESHO984EpwQtObxwVhRTzBLb2bZlslxHzJ719GTofsha08IcuAR4U+BI6Z"
    "TaMJ26zzZyZtOhLnCHLwxYy0UQndY2xhOXx6zlXC0PY4sZq7VH2DyhUW76630/X7CuNWdd"
    "9+pQfWAn/uXf3rV8xfxNY81U2WlqEWWk1v4cwiheBHM9BEijbaWynXEusbA2FOFyt6vrFu"
    "Fy62HOmXzdt4Fw0y2NcjfIOobP5fr04uC5gbp9dehcM2hZInAu8I1c92pawEBS5mIw2IRq"
    "tsXZT85gPlJd84LSGu4v5AHj3AKm6OL84NOyKM8LV+u6Fr9mwMwEmWDyQuu+ziAEZ1yDr3"
    "RrCWfs2WBWkJNGBE2Km7o1TUBgsVYB0TjJ/jA9ORBA6V8zittPBUDjJALQrK7KyRHKFIIZ"
    "NBdApoGMfRYr4JmiErDmrc814nylyJoQHWTfgluhNN3qQhaC0a1L8YB5qYhnRCHAFFJmIQ"
    "OtuxxJyEDrIQOFfXMLsPZdS3++sQ5RMFAW2OgDUyt5Z4h8jrAzPivFkk4HW6n+OijjEIOS"
    "ReuJcOsYz4cEs1d5t749TgtLvNCkaFIzM6hOnWPy8GS4ub4uzJpSppuaO7dpntfMrh+Jrj"
    "U9FGd+oyPuqUJGhjPjSccMh2jmi7bw3W0wxRfjaclaXLIKN1xS1iKBNIKLV5FLIT8onU8/"
    "/XzyI4zC1IBrgQczXERhRjBe4GUDA2oTVh8vHzLfGwfddjRetIAfSoWktS5ngdYSSau/QL"
    "NQF7t5xEgaYYkk3GgO243mGX5aPr6rvT8C2jpjfSTd3t53lIHS7VyQ6HrIbqVr6U+lI1+Q"
    "4GrIpHZb7ve76BQSXqY/Ua/j4oFHkuq5B5NUdZ6mNV+J7YfXHVkjQ6+CcUjQBPFkEt0y20"
    "3xZpPZavB4lkV2ia9eQNB4Lz08amS89Gz/kLqWwW2CVFjb1traNpitSvrliETo7HME9QFP"
    "VwHTOIlQ4WXSOTAVOeEKeMYoxBLNQ3TuqpiQCkUKVWBNkYmlKsxLhHnJgQAZFw1WUnmmCY"
    "WaTmjmRazpmuqPyijmqnjei9hzBcDv1O1emgOQtvGvQq/7ZIPWMsWbFx9HyxCUUcHBlKFC"
    "DJVIU/gMUJsk+uFBRS6IRmY8NCu0WZARLMfIB8ACCraIBYyL68Na5Mm2plCIwoAWdjLRZg"
    "6ZM9cwUeuWq6J75SGhCu8zd3PAMHcwz56M88GPUacRP68YwUryw5VEYI+akrN353//8YI4"
    "c9vGw56N+rsxKuJc/ks8Is9lYgzMNSO4jogX+07o4+ryhWot0cd900wDdlNYPfkSswKLxw"
    "TVMmHZ4W6deUCj8CttLsqh4G9adQRDsg0hrJlMvBqCsf2oihYhRdY8XcL2NTU2/YbBX9YS"
    "j8cpRWrROgvHhQH70TYlEK+WPuxwXpEKQgd+0q8IZ5xG4JnKxsb5harJ2OJEQoizXIgzC/"
    "N3bCjEaXwKpsSyKmFdzXHZArCYMew26OsgN4GV0Ma3wNqlYjtQTFdnYnsdo/Xf58AbPhl6"
    "oRQt2aC1TIr2NdO0XKSOUBCFISOdCYaDdC3yiBEfTYqXI6tF5igSwmwK8FzPTjsuk0JZEi"
    "M2/To31pGZvd4whMyqBh/k1hKZ1eumYKiVjGD71uP+joHO+TmHnmKBVpruuxYK0r9msNs4"
    "FSFMUn3PIkEhqBKCKiGoqiioEqIAIQqoC29VRhTwOtzVnW3BpGvmUQ5jFda1lmbIi7cqYY"
    "6gW9MpasiBhfHD6WsOhuB/suxWFEDQC9rjhPp1wz0mnycWuuOSEdUN6DZQ1jML+RJkdTBI"
    "v0W8AaE3ru9Ve3r2Y54RwusMhCfm0+zxHHgydDbWbMqf44/mbw4Bts5/vud8bNMnagMDh2"
    "NxLPMbHf1Coh5U4AUngZOwYZP+R+mn0zdvBetWlw20tZR145Oez72tdp+MkdeZmTtS+v17"
    "WVUG8m3/gsRuhmzQkzr9D3IvqEzeD5l09et9HzoedNu/XZD4XfqFLsMebt+rMnwNs1NYHJ"
    "UsQVTnidvKMXwXQcmSu18W+0uDaXaBT2CWNjUFjwvXM5ZsziRc+hmywkmAObhUOlLvS/4s"
    "XOZk1Lr8MpClDGNaNSLfhsH4DgjznSx8jBBpG6MRrQR6kkoAvwbwwVluDRlMilT40tZaCh"
    "PO1uNCrRo6JI+2EW/bHsKIBNLe6u9XklK8XrV+vYCTycu6Vo7fCYn3mB/4Tu5cKZ3rinxl"
    "QHZB/AtgZe7uet1P8hWwMf7VkPXkX+X2AMuCq3qwNZ5gY52PXZJSKBzq/C4Gc7XGly6HtH"
    "kW5zv5ziFyqLRRq6afzBA2AfB9H+OFju1IRDPf/1quYMEc21mrwZohFLbhBSx8ZWizlAJb"
    "4en/KiG4Y0txG/A2PQdh9s0tgXG0kwqIV0Oc+e7Uyr5BmhkD65nmh18I6lrL7Bu0maG6Yb"
    "MSBg68Mff619AEYGxr0wvfWtuCpdIijmvx0AEYaMBX10ONucgzUtisM2EAUIPvZIsUGwCI"
    "4NQ79O/m784aGuIkndAOt9bUDus2RXzWkCImKYVIv9ZiRKG5+S6mWTghfA+zrHnsSlWRXo"
    "JKyPRWSEcilnBvzGVNgV0tH0msrFqxlm1rOsOxjHoUIHXcoxwWM9OmtYzV1IPWqh1rXoLl"
    "9Jt77r7OXNcpBZb8ghuWOzAi8uC3UEYPQdw9Xg79AmuJ7sTMIg6F6RgR+vREddcPY0ddJ9"
    "aaOS/UzmNT9z+AHNb2H0e8N/WZcsGN/0RcOv8UXG+duN7ENJVlfRNEgv8tFd8sfAEqLOok"
    "lfiWp5naZS4bBdzsYbhp1GbdCuv+eshvvK9tFv8lni0hRSMW+r6tU6Lz3xoisxStkKbUjs"
    "/OsISvw7f0qeMUhFIKqpZyKU6sUQnexAGO9ieDXRADTvKPVLPRRZZrtQynkips/Y6EGqwW"
    "h6hihkBoaoSm5vBm4yA+OkJT8/1NM1vPdyNOJ7Q0dZ5hoaURWhqhpSnF7SjTmWWjAoa/Sh"
    "mOJ17dWpqAyW+o2n7LspFjoT3PUMQIsCymAUyLs3AwbdEj1WEsLeJYntok1HIgBbA0jMcY"
    "erSt+XjiEoMR98XQi0PD7uI5GzBOjjW39Uq2bRHFdoRHq1mn/XmSvT0p5aJ5ssRH8+THFU"
    "yUM3/8P6rnbFglnWsj8joL747uO8rgguDfIZN6t93elwvi/R+yO7nX73bQ6Rb/DxlGEVJv"
    "u1fyzQWJrr1yr2TIBtL1BYE/QH3fu+v2ZSD3LqD/+8HHbk/5Uxoo2G3idsh+v5dulA9K26"
    "9N3A5Z+74/6F59UXtyu9u7uiDJ+yHjUYzUmy78mPASxtDrwqMlGG9wBaNot7v3HWjnX8D4"
    "b++6PSjw/qd3hDIr8rSM1P60WGp/mpHa++un4pkkSSXOJOlsK8FXp/ppPkUqeLZ6n+iFJ6"
    "XwSavLaX6j7LO7PMzf0NGY2jKmsc47zMerlx7mTd7Qy4dd7jDfZRimE9D1ztAT6Bsmf3RM"
    "+vRri9hUt+wR6h/cFpnZ9JthzR20appwIybvwoZjN3XJ44KfwPEY96g59BeCYUOxY32isT"
    "F1iPbk5hlZvcoIcq2sYExU45lQHPq1vG3VOmnLd5Wx/PtQq0QTVZoHCynqzAOsyYWdlYmT"
    "c1YcJ+csEycH138G3UtjXBhNwifYXySJXYLrBZP4++np2dm705Ozt+/fnL979+b9SRhVIl"
    "u1LLzEpXKNESYS4GdDTnDMclf0ahY3oK3z2ub8LTCJ10p/IPcwNFSqYMh4ASzJznVY7d8F"
    "HHGCPlMUtgr7SN4HfHSil0xR2CrsJXk/ZFf3gy8qHIwH9/2oUU4hH09fvZR6KjK0fX9EiZ"
    "JYG2CyB4kmXgGMR+kgqjAQ7yLFv6vXPanjUeYVp1v35E/d37Kt/eIU9+9z9dg8vzzb3u89"
    "tzguuUjMQm5xonUIdLYslHAkJzZTFrWLpjZZ4D8xM7LMmJKjSVL35c5AHXTVWwnecrkjdd"
    "qy3y6nxqe5lNq/qR963dscqtw6n44HnQ6G4d2Ev2Fw3+vEfoF369fCgGHy1O4nuec3iJX4"
    "bQbSb3In3iQqiP/Sj93bxO/De79e6vWUT+EQ/Dt8f2RV/gN+yJX34kR3GDmuLSt3A/4UqM"
    "EAcomCqEW72/mg9G69IHOpoiGTb+Xetdxp8/3h/kbqKfz1yy0OZFa8Gz7e5H1Q74XpjuqD"
    "+6AeXs3BTVTt3wayL77c/KtIHqZG4fMyRbFWUUC9TBGX9KlSv69c8+mO33l14TsZuwmlb2"
    "q7J0ve7pEsiLUIt9NkQdTiSulLlzfxJkEJ/AYYzGfYK/wtLHYHo+viigpHkLgNaqPRx28j"
    "OaQnK5RjksigZMhu5GupHW+SKlhHwnheJnjaeXHstPNM6DQh4BYCbiHgrsvxf0sCbpFOfI"
    "tovmrOq2Yiqi1MS8vBs9gJIkZS5+9Mbb0gfEc/Y/28OMke6jwJR9lPHxzO+90b+Ej7F/Ah"
    "/dLnn3Pv/zofwx0kvuEQV7U/i2jEPpOHZ9VwUEmqOi/0dQ1ndhGCWbfpiDLX0MyKCzhDKF"
    "ZxEtkXw2XUcSrCmqQSmNbKi7uRmEKHzNG4dq+a/iZFKPQ4a+txvCAfxje6jqNCilbYNtXa"
    "timwTVgrdFiCVEx0rSca5gomLC8Z5pIzVYxGfKbSEes9O541PGMzpMI5trWmc2x18AXm62"
    "Bel/AI3ATqI9WS1mvZ2tbSIAm8nToJGq40MBxMKDE1xyXc5I178hCvEy8QmhvUw25JgQyG"
    "PX2kNjbEeAiaPXWIbVnTYzKI2fYRzbQYJVPrG09TnrUq3N9jN/ElenU7thr5Em3Lim2J2W"
    "DtrdpOdoX0q7BC4gOz/4+6v53lHFWXLfQ4lVjt6632V/V0aQybUCtHl3qiesB+LhK1DX2S"
    "d/70a5aePbWozapjZzGmW46ZVbil5r7SOZupP4H1PaRtJbVi8aGsMHNl8SG4OHVlE1SDp2"
    "/elLHwevOm2MQL61IfJ3ipKiDsN28guj+flIpYcLIkYsHJSUbxajGX5oVU+bXf7RSJB0OS"
    "tPDX0F3yH2IaziEqXZaAi2AkjrwZo5q0/UzqiIAdXL62QOW//w+fCq+v"
)
