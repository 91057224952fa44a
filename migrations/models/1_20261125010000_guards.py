"""What the database itself holds: the invariants that no path into the system may break, plain SQL included."""

from typing import NamedTuple

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# Every table, whether its rows have a version, and the columns that never change.
TABLES: dict[str, tuple[bool, tuple[str, ...]]] = {
    "unit": (True, ("id", "code")),
    "armory": (True, ("id", "code")),
    "person": (True, ("id",)),
    "item_model": (True, ("id", "manufacturer", "manufacturer_key", "nomenclature")),
    "item": (True, ("id", "model_id", "manufacturer_key", "serial", "serial_key", "armory_id")),
    "tag": (True, ("id", "code", "person_id", "item_id")),
    "purpose": (True, ("id", "code")),
    "custody_record": (
        True,
        (
            *("id", "receipt_number", "receipt", "armory_id", "item_id", "holder_id", "issue_type", "purpose_id", "issued_at"),
            *("issued_by_id", "condition_out", "note"),
        ),
    ),
    "account": (True, ("id", "username", "username_key")),
    "imported_row": (False, ("source", "armory_id", "subject", "subject_id", "imported_at")),
    "session": (False, ("id", "account_id", "token_hash", "created_at", "expires_at")),
    "api_token": (False, ("id", "account_id", "name", "token_hash", "created_at", "expires_at")),
    "completed_request": (False, ("id", "actor_key", "request_id", "command", "arguments_hash", "answer", "completed_at")),
    "stream_head": (False, ("stream", "armory_id")),
    "ledger_event": (False, ()),
}

CHECKS = """
ALTER TABLE unit ADD CONSTRAINT unit_not_its_own_parent CHECK (parent_id <> id),
    ADD CONSTRAINT unit_words CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]*$' AND name <> '');
ALTER TABLE armory
    ADD CONSTRAINT armory_state CHECK (state IN ('OPEN', 'CLOSED', 'CHANGEOVER', 'LOCKDOWN')),
    ADD CONSTRAINT armory_policy CHECK (temporary_limit_hours BETWEEN 1 AND 8760 AND sidearm_limit BETWEEN 0 AND 100
        AND long_gun_limit BETWEEN 0 AND 100),
    ADD CONSTRAINT armory_words CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]*$' AND name <> '' AND timezone <> '');
ALTER TABLE person
    ADD CONSTRAINT person_category CHECK (category IN ('OFFICER', 'ENLISTED', 'CIVILIAN', 'SWORN')),
    ADD CONSTRAINT person_duty_status CHECK (duty_status IN ('ACTIVE', 'LEAVE', 'SUSPENDED', 'INACTIVE', 'SEPARATED')),
    ADD CONSTRAINT person_key CHECK (service_number_key <> '' AND service_number_key !~ '[[:space:]a-z-]'
        AND (service_number !~ '^[\\x20-\\x7e]*$' OR service_number_key = armguard_key(service_number)));
ALTER TABLE item_model
    ADD CONSTRAINT item_model_category CHECK (category IN ('PISTOL', 'RIFLE', 'CARBINE', 'SHOTGUN', 'SMG', 'MACHINE_GUN', 'LAUNCHER', 'OPTIC',
        'NIGHT_VISION', 'OTHER')),
    ADD CONSTRAINT item_model_slot CHECK (slot IN ('SIDEARM', 'LONG_GUN', 'CREW_SERVED', 'DEVICE')),
    ADD CONSTRAINT item_model_key CHECK (manufacturer_key <> '' AND manufacturer_key !~ '[[:space:]a-z-]' AND nomenclature <> ''
        AND (manufacturer !~ '^[\\x20-\\x7e]*$' OR manufacturer_key = armguard_key(manufacturer)));
CREATE UNIQUE INDEX item_model_nomenclature ON item_model (manufacturer_key, upper(nomenclature));
ALTER TABLE item_model ADD CONSTRAINT item_model_manufacturer UNIQUE (id, manufacturer_key);
ALTER TABLE item
    ADD CONSTRAINT item_manufacturer FOREIGN KEY (model_id, manufacturer_key) REFERENCES item_model (id, manufacturer_key),
    ADD CONSTRAINT item_serial UNIQUE (manufacturer_key, serial_key),
    ADD CONSTRAINT item_serial_key CHECK (serial_key <> '' AND serial_key !~ '[[:space:]a-z-]'
        AND (serial !~ '^[\\x20-\\x7e]*$' OR serial_key = armguard_key(serial))),
    ADD CONSTRAINT item_state CHECK (state IN ('IN_ROOM', 'ISSUED', 'IN_MAINTENANCE', 'IN_TRANSIT', 'MISSING', 'LOST', 'STOLEN', 'RECOVERED',
        'DISPOSED')),
    ADD CONSTRAINT item_serviceability CHECK (serviceability IN ('SERVICEABLE', 'LIMITED', 'UNSERVICEABLE', 'QUARANTINED')),
    ADD CONSTRAINT item_round_count CHECK (round_count >= 0);
ALTER TABLE tag
    ADD CONSTRAINT tag_one_target CHECK (num_nonnulls(person_id, item_id) = 1),
    ADD CONSTRAINT tag_words CHECK (code <> '' AND code = btrim(code));
ALTER TABLE purpose
    ADD CONSTRAINT purpose_issue_type CHECK (default_issue_type IN ('TEMPORARY', 'HAND_RECEIPT', 'EMERGENCY')),
    ADD CONSTRAINT purpose_words CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]*$' AND name <> '');
ALTER TABLE account
    ADD CONSTRAINT account_state CHECK (state IN ('ACTIVE', 'DISABLED')),
    ADD CONSTRAINT account_roles CHECK (roles <@ ARRAY['VIEWER', 'ARMORER', 'ARMS_ROOM_OFFICER', 'COMMANDER', 'AUDITOR', 'ADMIN']),
    ADD CONSTRAINT account_words CHECK (username_key <> '' AND username_key = lower(username_key)),
    ADD CONSTRAINT account_password CHECK (password_hash IS NULL OR password_hash LIKE '$argon2id$%');
ALTER TABLE custody_record
    ADD CONSTRAINT custody_issue_type CHECK (issue_type IN ('TEMPORARY', 'HAND_RECEIPT', 'EMERGENCY')),
    ADD CONSTRAINT custody_conditions CHECK (condition_out IN ('SERVICEABLE', 'LIMITED', 'UNSERVICEABLE', 'QUARANTINED')
        AND condition_in IN ('SERVICEABLE', 'LIMITED', 'UNSERVICEABLE', 'QUARANTINED')),
    ADD CONSTRAINT custody_close_reason CHECK (close_reason IN ('RETURNED', 'TRANSFERRED', 'LOST', 'STOLEN', 'DESTROYED', 'CORRECTED')),
    ADD CONSTRAINT custody_closed_whole CHECK ((closed_at IS NULL) = (close_reason IS NULL)
        AND (closed_at IS NOT NULL OR num_nonnulls(closed_by_id, condition_in, brought_by_id, brought_reason, return_note, rounds_fired) = 0)),
    ADD CONSTRAINT custody_times CHECK (closed_at >= issued_at AND due_at > issued_at),
    ADD CONSTRAINT custody_due CHECK (issue_type <> 'TEMPORARY' OR due_at IS NOT NULL),
    ADD CONSTRAINT custody_brought CHECK (close_reason <> 'RETURNED' OR brought_by_id IS NOT NULL),
    ADD CONSTRAINT custody_brought_reason CHECK (brought_by_id = holder_id OR coalesce(brought_reason, '') <> ''),
    ADD CONSTRAINT custody_rounds CHECK (rounds_fired >= 0),
    ADD CONSTRAINT custody_receipt UNIQUE (armory_id, receipt);
CREATE UNIQUE INDEX custody_one_open_record ON custody_record (item_id) WHERE closed_at IS NULL;
ALTER TABLE session ADD CONSTRAINT session_times CHECK (expires_at > created_at), ADD CONSTRAINT session_token UNIQUE (token_hash);
ALTER TABLE api_token ADD CONSTRAINT api_token_times CHECK (expires_at > created_at), ADD CONSTRAINT api_token_token UNIQUE (token_hash);
ALTER TABLE stream_head
    ADD CONSTRAINT stream_head_name CHECK ((stream = 'registry') = (armory_id IS NULL) AND (armory_id IS NULL OR stream = armory_id::text)),
    ADD CONSTRAINT stream_head_counts CHECK (seq >= 0 AND receipts >= 0 AND octet_length(hash) = 32);
ALTER TABLE ledger_event
    ADD CONSTRAINT ledger_stream FOREIGN KEY (stream) REFERENCES stream_head (stream),
    ADD CONSTRAINT ledger_actor CHECK (btrim(actor_name) <> '' AND (actor_kind = 'ACCOUNT' AND actor_id IS NOT NULL
        OR actor_kind = 'CONSOLE' AND actor_id IS NULL AND credential_id IS NULL)),
    ADD CONSTRAINT ledger_times CHECK (effective_at <= recorded_at AND effective_at >= '1900-01-01Z'),
    ADD CONSTRAINT ledger_payload CHECK (jsonb_typeof(payload::jsonb) = 'object'),
    ADD CONSTRAINT ledger_seq CHECK (seq > 0),
    ADD CONSTRAINT ledger_hashes CHECK (octet_length(hash) = 32 AND octet_length(previous_hash) = 32),
    ADD CONSTRAINT ledger_type CHECK (type ~ '^[A-Z][A-Z_]+$' AND subject ~ '^[A-Z][A-Z_]+$');
"""

# The indexes that the reads' filters and orders stand on.
INDEXES = """
CREATE INDEX unit_parent ON unit (parent_id);
CREATE INDEX unit_order ON unit (code, id);
CREATE INDEX armory_unit ON armory (unit_id);
CREATE INDEX armory_order ON armory (code, id);
CREATE INDEX person_name ON person (family_name, given_names, id);
CREATE INDEX person_unit ON person (unit_id, family_name, given_names, id);
CREATE INDEX person_service_number ON person (service_number_key text_pattern_ops);
CREATE INDEX person_not_active ON person (duty_status, family_name, given_names, id) WHERE duty_status <> 'ACTIVE';
CREATE INDEX item_model_order ON item_model (nomenclature, id);
CREATE INDEX item_model_category ON item_model (category, nomenclature, id);
CREATE INDEX item_key ON item (serial_key, id);
CREATE INDEX item_key_prefix ON item (serial_key text_pattern_ops);
CREATE INDEX item_armory ON item (armory_id, serial_key, id);
CREATE INDEX item_armory_state ON item (armory_id, state, serial_key, id);
CREATE INDEX item_not_in_room ON item (state, serial_key, id) WHERE state <> 'IN_ROOM';
CREATE INDEX item_not_serviceable ON item (serviceability, serial_key, id) WHERE serviceability <> 'SERVICEABLE';
CREATE INDEX item_model_items ON item (model_id, serial_key, id);
CREATE INDEX tag_person ON tag (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX tag_item ON tag (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX purpose_order ON purpose (code, id);
CREATE INDEX custody_item ON custody_record (item_id, issued_at, id);
CREATE INDEX custody_holder ON custody_record (holder_id, issued_at, id);
CREATE INDEX custody_holder_open ON custody_record (holder_id) WHERE closed_at IS NULL;
CREATE INDEX custody_armory ON custody_record (armory_id, issued_at, id);
CREATE INDEX custody_issued ON custody_record (issued_at, id);
CREATE INDEX custody_due ON custody_record (coalesce(due_at, 'infinity'), id);
CREATE INDEX custody_open ON custody_record (issued_at, id) WHERE closed_at IS NULL;
CREATE INDEX custody_open_due ON custody_record (coalesce(due_at, 'infinity'), id) WHERE closed_at IS NULL;
CREATE INDEX account_order ON account (username_key, id);
CREATE INDEX ledger_item ON ledger_event (item_id, recorded_at, event_id) WHERE item_id IS NOT NULL;
CREATE INDEX ledger_person ON ledger_event (person_id, recorded_at, event_id) WHERE person_id IS NOT NULL;
CREATE INDEX ledger_subject ON ledger_event (subject_id, recorded_at, event_id);
CREATE INDEX ledger_back ON ledger_event (item_id, effective_at) WHERE type = 'ITEM_BACK_FROM_MAINTENANCE';
CREATE INDEX ledger_transaction ON ledger_event (transaction);
"""

KEY_FUNCTION = """
CREATE FUNCTION armguard_key(marked text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT upper(regexp_replace(normalize(marked, NFKC), '[\\s\\u2010-\\u2015\\u2212-]', '', 'g') COLLATE "C")
$$;
"""

FUNCTIONS = """
CREATE FUNCTION armguard_refuse(guard text, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', what USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = guard;
END $$;

-- What looks at rows that others write needs to see them as they are now: the snapshot of REPEATABLE READ is older.
CREATE FUNCTION armguard_sees_the_present() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM armguard_refuse('isolation', 'Custody is written in READ COMMITTED only: other levels may see old rows.');
    END IF;
END $$;

CREATE FUNCTION armguard_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM armguard_refuse('nothing_is_deleted', format('Nothing is ever deleted from %s.', TG_TABLE_NAME));
    RETURN NULL;
END $$;

CREATE FUNCTION armguard_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    after jsonb := to_jsonb(NEW);
    name text;
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        IF before -> name IS DISTINCT FROM after -> name THEN
            PERFORM armguard_refuse('kept_for_ever', format('%s of %s never changes.', name, TG_TABLE_NAME));
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

CREATE FUNCTION armguard_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.version <> 1 OR TG_OP = 'UPDATE' AND NEW.version <> OLD.version + 1 THEN
        PERFORM armguard_refuse('one_version_at_a_time', format('A change of %s makes its version one higher.', TG_TABLE_NAME));
    END IF;
    RETURN NEW;
END $$;

-- Arguments: the ledger's column and the row's that must agree, the events of a new row, those of a changed one, the streams of each, the
-- key that the payload must have. Each statement below reads only the columns that its table has.
CREATE FUNCTION armguard_explained() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    made boolean := TG_OP = 'INSERT';
    types text[] := CASE WHEN made THEN TG_ARGV[2] ELSE TG_ARGV[3] END::text[];
    place text := CASE WHEN made THEN TG_ARGV[4] ELSE TG_ARGV[5] END;
    asked uuid;
    wanted text := 'registry';
    explained boolean;
BEGIN
    IF TG_ARGV[1] = 'id' THEN asked := NEW.id;
    ELSIF TG_ARGV[1] = 'account_id' THEN asked := NEW.account_id;
    ELSE asked := NEW.subject_id;
    END IF;
    IF place = 'armory_id' THEN wanted := NEW.armory_id::text;
    ELSIF place = 'id' THEN wanted := NEW.id::text;
    ELSIF place = 'item_id' THEN wanted := coalesce((SELECT armory_id::text FROM item WHERE id = NEW.item_id), 'registry');
    ELSIF place = 'any' THEN wanted := NULL;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM ledger_event WHERE transaction = pg_current_xact_id()::text::bigint
        AND recorded_at >= transaction_timestamp() AND %I = $1 AND ($2 IS NULL OR type = ANY ($2)) AND ($3 IS NULL OR stream = $3)
        AND ($4 IS NULL OR payload::jsonb ? $4))', TG_ARGV[0]) INTO explained USING asked, nullif(types, '{}'), wanted, nullif(TG_ARGV[6], '');
    IF NOT explained THEN
        PERFORM armguard_refuse('explained_by_the_ledger', format('A change of %s needs its event in the same transaction.', TG_TABLE_NAME));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION armguard_item_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (CASE OLD.state
        WHEN 'IN_ROOM' THEN NEW.state IN ('ISSUED', 'IN_MAINTENANCE', 'IN_TRANSIT', 'MISSING', 'DISPOSED')
        WHEN 'ISSUED' THEN NEW.state IN ('IN_ROOM', 'IN_TRANSIT', 'MISSING', 'LOST', 'STOLEN')
        WHEN 'IN_MAINTENANCE' THEN NEW.state IN ('IN_ROOM', 'MISSING')
        WHEN 'IN_TRANSIT' THEN NEW.state IN ('IN_ROOM', 'MISSING')
        WHEN 'MISSING' THEN NEW.state IN ('IN_ROOM', 'LOST', 'STOLEN')
        WHEN 'LOST' THEN NEW.state = 'RECOVERED'
        WHEN 'STOLEN' THEN NEW.state = 'RECOVERED'
        WHEN 'RECOVERED' THEN NEW.state = 'IN_ROOM'
        ELSE false END)
    THEN
        PERFORM armguard_refuse('item_legal_state', format('An item cannot go from %s to %s.', OLD.state, NEW.state));
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION armguard_issued_exactly_when_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked uuid;
    wrong boolean;
BEGIN
    PERFORM armguard_sees_the_present();
    IF TG_TABLE_NAME = 'item' THEN asked := NEW.id; ELSE asked := NEW.item_id; END IF;
    SELECT (i.state = 'ISSUED') <> EXISTS (SELECT FROM custody_record c WHERE c.item_id = i.id AND c.closed_at IS NULL)
        INTO wrong FROM item i WHERE i.id = asked;
    IF wrong THEN
        PERFORM armguard_refuse('issued_exactly_when_open', 'An item is ISSUED exactly when it has one open custody record.');
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION armguard_custody_opened() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
    room uuid;
    status text;
BEGIN
    PERFORM armguard_sees_the_present();
    SELECT duty_status INTO status FROM person WHERE id = NEW.holder_id FOR SHARE;
    IF status = 'SEPARATED' AND NEW.closed_at IS NULL THEN
        PERFORM armguard_refuse('separated_holds_nothing', 'A separated person holds nothing.');
    END IF;
    -- Under the item's lock, so that of two who write at once the second sees what the first wrote.
    SELECT armory_id INTO room FROM item WHERE id = NEW.item_id FOR NO KEY UPDATE;
    IF room <> NEW.armory_id THEN
        PERFORM armguard_refuse('custody_of_its_room', 'A custody record is in the book of its item''s arms room.');
    END IF;
    IF EXISTS (SELECT FROM custody_record c WHERE c.item_id = NEW.item_id
        AND tstzrange(c.issued_at, c.closed_at) && tstzrange(NEW.issued_at, NEW.closed_at))
    THEN
        PERFORM armguard_refuse('custody_without_overlap', 'An item is in one hand at a time.');
    END IF;
    SELECT receipts INTO last FROM stream_head WHERE stream = NEW.armory_id::text FOR NO KEY UPDATE;
    IF last IS NULL OR NEW.receipt <> last + 1 THEN
        PERFORM armguard_refuse('receipts_without_gap', 'Receipt numbers of an arms room have no gap.');
    END IF;
    UPDATE stream_head SET receipts = NEW.receipt WHERE stream = NEW.armory_id::text;
    RETURN NEW;
END $$;

CREATE FUNCTION armguard_custody_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL THEN
        PERFORM armguard_refuse('closed_for_ever', 'A closed custody record never changes.');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION armguard_person_separated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM armguard_sees_the_present();
    IF NEW.duty_status = 'SEPARATED' AND EXISTS (SELECT FROM custody_record WHERE holder_id = NEW.id AND closed_at IS NULL) THEN
        PERFORM armguard_refuse('separated_holds_nothing', 'A person with open custody cannot be separated.');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION armguard_head_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND (NEW.seq <> 0 OR NEW.receipts <> 0 OR NEW.hash <> decode(repeat('00', 32), 'hex')) THEN
        PERFORM armguard_refuse('head_follows_the_ledger', 'A stream begins empty.');
    END IF;
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() < 2 THEN
        PERFORM armguard_refuse('head_follows_the_ledger', 'The head of a stream moves with its events and receipts only.');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION armguard_closed_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before timestamptz := (to_jsonb(OLD) ->> TG_ARGV[0])::timestamptz;
BEGIN
    IF before IS NOT NULL AND before IS DISTINCT FROM (to_jsonb(NEW) ->> TG_ARGV[0])::timestamptz THEN
        PERFORM armguard_refuse('ended_for_ever', format('What has ended in %s stays so.', TG_TABLE_NAME));
    END IF;
    RETURN NEW;
END $$;
"""

# The canonical form and the hash: docs/ledger.md says the same, byte by byte.
LEDGER = """
CREATE FUNCTION armguard_field(name text, value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT name || '=' || coalesce(octet_length(value)::text || ':' || value, '-') || chr(10)
$$;

CREATE FUNCTION armguard_time(moment timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE FUNCTION armguard_canonical(e ledger_event) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT 'armguard-ledger-1' || chr(10)
        || armguard_field('stream', e.stream)
        || armguard_field('seq', e.seq::text)
        || armguard_field('event_id', e.event_id::text)
        || armguard_field('type', e.type)
        || armguard_field('subject', e.subject)
        || armguard_field('subject_id', e.subject_id::text)
        || armguard_field('item_id', e.item_id::text)
        || armguard_field('person_id', e.person_id::text)
        || armguard_field('payload', e.payload)
        || armguard_field('actor_kind', e.actor_kind)
        || armguard_field('actor_id', e.actor_id::text)
        || armguard_field('actor_name', e.actor_name)
        || armguard_field('credential_id', e.credential_id::text)
        || armguard_field('witness_id', e.witness_id::text)
        || armguard_field('request_id', e.request_id::text)
        || armguard_field('transaction', e.transaction::text)
        || armguard_field('effective_at', armguard_time(e.effective_at))
        || armguard_field('recorded_at', armguard_time(e.recorded_at))
        || armguard_field('corrects', e.corrects::text)
        || armguard_field('previous_hash', encode(e.previous_hash, 'hex'))
$$;

CREATE FUNCTION armguard_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head stream_head;
BEGIN
    SELECT * INTO head FROM stream_head WHERE stream = NEW.stream FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM armguard_refuse('ledger_stream', 'An event needs a stream that there is.');
    END IF;
    IF NEW.actor_kind = 'ACCOUNT' AND NOT EXISTS (SELECT FROM account WHERE id = NEW.actor_id) THEN
        PERFORM armguard_refuse('ledger_actor', 'An event needs an actor that there is.');
    END IF;
    NEW.seq := head.seq + 1;
    NEW.transaction := pg_current_xact_id()::text::bigint;
    NEW.recorded_at := clock_timestamp();
    NEW.effective_at := coalesce(NEW.effective_at, NEW.recorded_at);
    NEW.previous_hash := head.hash;
    NEW.hash := sha256(convert_to(armguard_canonical(NEW), 'UTF8'));
    UPDATE stream_head SET seq = NEW.seq, hash = NEW.hash WHERE stream = NEW.stream;
    RETURN NEW;
END $$;

CREATE FUNCTION armguard_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM armguard_refuse('ledger_append_only', 'The ledger is append-only.');
    RETURN NULL;
END $$;

CREATE TRIGGER a_seal BEFORE INSERT ON ledger_event FOR EACH ROW EXECUTE FUNCTION armguard_seal();
CREATE TRIGGER append_only BEFORE UPDATE ON ledger_event FOR EACH ROW EXECUTE FUNCTION armguard_append_only();
INSERT INTO stream_head (stream, armory_id, seq, hash, receipts) VALUES ('registry', NULL, 0, decode(repeat('00', 32), 'hex'), 0);
"""

TRIGGERS = """
CREATE TRIGGER legal_state BEFORE UPDATE OF state ON item FOR EACH ROW EXECUTE FUNCTION armguard_item_change();
CREATE CONSTRAINT TRIGGER issued_exactly_when_open AFTER INSERT OR UPDATE OF state ON item DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION armguard_issued_exactly_when_open();
CREATE CONSTRAINT TRIGGER issued_exactly_when_open AFTER INSERT OR UPDATE ON custody_record DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION armguard_issued_exactly_when_open();
CREATE TRIGGER opened BEFORE INSERT ON custody_record FOR EACH ROW EXECUTE FUNCTION armguard_custody_opened();
CREATE TRIGGER closed BEFORE UPDATE ON custody_record FOR EACH ROW EXECUTE FUNCTION armguard_custody_closed();
CREATE TRIGGER separated BEFORE UPDATE OF duty_status ON person FOR EACH ROW EXECUTE FUNCTION armguard_person_separated();
CREATE TRIGGER head_moves BEFORE INSERT OR UPDATE ON stream_head FOR EACH ROW EXECUTE FUNCTION armguard_head_moves();
CREATE TRIGGER ended BEFORE UPDATE ON session FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('ended_at');
CREATE TRIGGER ended BEFORE UPDATE ON api_token FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('revoked_at');
CREATE TRIGGER ended BEFORE UPDATE ON tag FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('revoked_at');
"""


class Explained(NamedTuple):
    """The event that a row needs in its own transaction."""

    made: str  # the types of event that explain a new row; none named: any
    changed: str  # and those that explain a changed one
    made_in: str = "registry"  # the stream: the registry, the one that a column names, the one of the item that one names, or any
    changed_in: str = "registry"
    named_by: str = "subject_id"  # the column of the ledger
    names: str = "id"  # and that of the row which must be the same
    folded: bool = True  # whether a replay takes the row from the payload


EXPLAINED: dict[str, Explained] = {
    "unit": Explained("UNIT_REGISTERED", "UNIT_CHANGED"),
    "armory": Explained("ARMORY_REGISTERED", "ARMORY_CHANGED", changed_in="id"),
    "person": Explained("PERSON_REGISTERED", "PERSON_CHANGED,DUTY_STATUS_CHANGED", named_by="person_id"),
    "item_model": Explained("ITEM_MODEL_REGISTERED", "ITEM_MODEL_CHANGED"),
    "item": Explained(
        "ITEM_REGISTERED",
        "ITEM_CHANGED,ITEM_SENT_TO_MAINTENANCE,ITEM_BACK_FROM_MAINTENANCE,ITEM_ISSUED,ITEM_RETURNED,CUSTODY_IMPORTED",
        *("armory_id", "armory_id", "item_id"),
    ),
    "tag": Explained("TAG_ASSIGNED", "TAG_REVOKED", "item_id", "item_id"),
    "purpose": Explained("PURPOSE_REGISTERED", "PURPOSE_CHANGED"),
    "custody_record": Explained("ITEM_ISSUED,CUSTODY_IMPORTED", "ITEM_RETURNED", "armory_id", "armory_id"),
    "account": Explained("ACCOUNT_CREATED", "ACCOUNT_CHANGED,ACCOUNT_DISABLED,PASSWORD_SET"),
    "api_token": Explained("TOKEN_CREATED", "TOKEN_REVOKED", names="account_id", folded=False),
    "imported_row": Explained("", "", "any", "any", names="subject_id", folded=False),
}


def guards_of(table: str) -> str:
    """The guards that every table has, made from its line in TABLES."""
    versioned, kept = TABLES[table]
    sql = [
        f"CREATE TRIGGER no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_no_delete();",
        f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION armguard_no_delete();",
    ]
    if kept:
        columns = ", ".join(f"'{column}'" for column in kept)
        sql.append(f"CREATE TRIGGER keep BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_keep({columns});")
    if versioned:
        sql.append(f"CREATE TRIGGER version BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_version();")
    if table in EXPLAINED:
        by = EXPLAINED[table]
        arguments = (by.named_by, by.names, f"{{{by.made}}}", f"{{{by.changed}}}", by.made_in, by.changed_in, table if by.folded else "")
        sql.append(
            f"CREATE CONSTRAINT TRIGGER explained AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
            f"EXECUTE FUNCTION armguard_explained({', '.join(repr(argument) for argument in arguments)});"
        )
    return "\n".join(sql)


async def upgrade(db: BaseDBAsyncClient) -> str:
    return KEY_FUNCTION + CHECKS + INDEXES + FUNCTIONS + LEDGER + TRIGGERS + "\n".join(guards_of(table) for table in TABLES)


async def downgrade(db: BaseDBAsyncClient) -> str:
    raise NotImplementedError("The guards are never taken away: restore a backup made before the update instead.")


MODELS_STATE = ""
