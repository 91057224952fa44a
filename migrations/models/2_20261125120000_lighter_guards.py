"""The same guards for less: each finds what it looks for by an index, and the summary of an event is kept beside its payload."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# A page of events shows their summaries: taken from the payload each time, they cost more than all else of the page. The payload stays the
# record; the database takes the summary from it as it seals the event. What is sealed already gets it without being touched by hand.
SUMMARY = """
ALTER TABLE ledger_event ADD COLUMN summary text NOT NULL GENERATED ALWAYS AS (coalesce(payload::json ->> 'summary', '')) STORED;
ALTER TABLE ledger_event ALTER COLUMN summary DROP EXPRESSION;
ALTER TABLE ledger_event ALTER COLUMN summary SET DEFAULT '';
CREATE OR REPLACE FUNCTION armguard_seal() RETURNS trigger LANGUAGE plpgsql AS $$
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
    NEW.summary := coalesce(NEW.payload::json ->> 'summary', '');
    NEW.previous_hash := head.hash;
    NEW.hash := sha256(convert_to(armguard_canonical(NEW), 'UTF8'));
    UPDATE stream_head SET seq = NEW.seq, hash = NEW.hash WHERE stream = NEW.stream;
    RETURN NEW;
END $$;
"""

# One statement for each column, planned once: by the subject and the time, not through all that a transaction of many lines has written.
EXPLAINED = """
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
DROP INDEX ledger_transaction;
"""

# Whether two spells of an item overlap is asked of the open one and of those that ended after the new one began: never of all its past.
OPENED = """
CREATE INDEX custody_item_closed ON custody_record (item_id, closed_at);
CREATE OR REPLACE FUNCTION armguard_custody_opened() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
    room uuid;
    status text;
    spell tstzrange := tstzrange(NEW.issued_at, NEW.closed_at);
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
    IF EXISTS (SELECT FROM custody_record c WHERE c.item_id = NEW.item_id AND c.closed_at IS NULL
            AND tstzrange(c.issued_at, c.closed_at) && spell)
        OR EXISTS (SELECT FROM custody_record c WHERE c.item_id = NEW.item_id AND c.closed_at > NEW.issued_at
            AND tstzrange(c.issued_at, c.closed_at) && spell)
    THEN
        PERFORM armguard_refuse('custody_without_overlap', 'An item is in one hand at a time.');
    END IF;
    UPDATE stream_head SET receipts = NEW.receipt WHERE stream = NEW.armory_id::text AND receipts = NEW.receipt - 1;
    IF NOT FOUND THEN
        PERFORM armguard_refuse('receipts_without_gap', 'Receipt numbers of an arms room have no gap.');
    END IF;
    RETURN NEW;
END $$;
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return SUMMARY + EXPLAINED + OPENED


async def downgrade(db: BaseDBAsyncClient) -> str:
    raise NotImplementedError("The guards are never taken away: restore a backup made before the update instead.")


MODELS_STATE = ""
