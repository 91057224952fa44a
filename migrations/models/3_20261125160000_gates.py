"""Who may draw what: arms bars, the master authorization list, qualifications, and whether an arms room asks for them."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

TABLES = """
ALTER TABLE armory ADD COLUMN authorization_required BOOL NOT NULL DEFAULT false, ADD COLUMN qualification_required BOOL NOT NULL DEFAULT false;
ALTER TABLE item_model ADD COLUMN required_qualification VARCHAR(32);
ALTER TABLE person ADD COLUMN arms_bar_reason TEXT, ADD COLUMN arms_bar_until TIMESTAMPTZ;
CREATE TABLE issue_authorization (
    id UUID NOT NULL PRIMARY KEY,
    valid_from DATE NOT NULL,
    valid_until DATE,
    revoked_at TIMESTAMPTZ,
    version INT NOT NULL,
    item_id UUID REFERENCES item (id) ON DELETE RESTRICT,
    model_id UUID REFERENCES item_model (id) ON DELETE RESTRICT,
    person_id UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT
);
COMMENT ON TABLE issue_authorization IS 'A line of the master authorization list: a person may draw an item, or any item of a nomenclature.';
CREATE TABLE qualification (
    id UUID NOT NULL PRIMARY KEY,
    code VARCHAR(32) NOT NULL,
    qualified_on DATE NOT NULL,
    expires_on DATE,
    revoked_at TIMESTAMPTZ,
    version INT NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT
);
COMMENT ON TABLE qualification IS 'What a person has shown to be able to do, under a code that nomenclatures can require.';
"""

CHECKS = """
ALTER TABLE item_model ADD CONSTRAINT item_model_qualification CHECK (required_qualification ~ '^[A-Z0-9][A-Z0-9_-]*$');
ALTER TABLE person ADD CONSTRAINT person_arms_bar CHECK (arms_bar_reason <> '' AND (arms_bar_until IS NULL OR arms_bar_reason IS NOT NULL));
ALTER TABLE issue_authorization
    ADD CONSTRAINT authorization_one_target CHECK (num_nonnulls(model_id, item_id) = 1),
    ADD CONSTRAINT authorization_dates CHECK (valid_until >= valid_from);
ALTER TABLE qualification
    ADD CONSTRAINT qualification_words CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]*$'),
    ADD CONSTRAINT qualification_dates CHECK (expires_on >= qualified_on);
CREATE INDEX authorization_person ON issue_authorization (person_id, id);
CREATE INDEX authorization_item ON issue_authorization (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX authorization_model ON issue_authorization (model_id) WHERE model_id IS NOT NULL;
CREATE INDEX qualification_person ON qualification (person_id, id);
"""

# As every table has them (see the guards), and a bar is explained by its own events.
GUARDS = """
DROP TRIGGER explained ON person;
CREATE CONSTRAINT TRIGGER explained AFTER INSERT OR UPDATE ON person DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION
    armguard_explained('person_id', 'id', '{PERSON_REGISTERED}', '{PERSON_CHANGED,DUTY_STATUS_CHANGED,ARMS_BAR_IMPOSED,ARMS_BAR_LIFTED}',
    'registry', 'registry', 'person');
"""
KEPT = {
    "issue_authorization": ("id", "person_id", "model_id", "item_id", "valid_from", "valid_until"),
    "qualification": ("id", "person_id", "code", "qualified_on", "expires_on"),
}
EXPLAINED = {
    "issue_authorization": ("AUTHORIZATION_GRANTED", "AUTHORIZATION_REVOKED"),
    "qualification": ("QUALIFICATION_RECORDED", "QUALIFICATION_REVOKED"),
}


def guards_of(table: str) -> str:
    """The guards of a table whose rows are made, and perhaps revoked."""
    columns, (made, changed) = ", ".join(f"'{column}'" for column in KEPT[table]), EXPLAINED[table]
    return f"""
CREATE TRIGGER no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_no_delete();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION armguard_no_delete();
CREATE TRIGGER keep BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_keep({columns});
CREATE TRIGGER version BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_version();
CREATE TRIGGER ended BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('revoked_at');
CREATE CONSTRAINT TRIGGER explained AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION
    armguard_explained('subject_id', 'id', '{{{made}}}', '{{{changed}}}', 'registry', 'registry', '{table}');
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return TABLES + CHECKS + GUARDS + "".join(guards_of(table) for table in KEPT)


async def downgrade(db: BaseDBAsyncClient) -> str:
    raise NotImplementedError("Nothing is ever taken away: restore a backup made before the update instead.")


MODELS_STATE = ""
