"""What goes from hand to hand, and what is due later: each record that opens, closes or changes is explained by an event of its own."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

EXPLAINED = """
DROP TRIGGER explained ON item;
CREATE CONSTRAINT TRIGGER explained AFTER INSERT OR UPDATE ON item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION
    armguard_explained('item_id', 'id', '{ITEM_REGISTERED}',
    '{ITEM_CHANGED,ITEM_SENT_TO_MAINTENANCE,ITEM_BACK_FROM_MAINTENANCE,ITEM_ISSUED,ITEM_RETURNED,ITEM_TAKEN_OVER,CUSTODY_IMPORTED}', 'armory_id', 'armory_id', 'item');
DROP TRIGGER explained ON custody_record;
CREATE CONSTRAINT TRIGGER explained AFTER INSERT OR UPDATE ON custody_record DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION
    armguard_explained('subject_id', 'id', '{ITEM_ISSUED,ITEM_TAKEN_OVER,CUSTODY_IMPORTED}', '{ITEM_RETURNED,ITEM_HANDED_OVER,DUE_EXTENDED}',
    'armory_id', 'armory_id', 'custody_record');
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return EXPLAINED


async def downgrade(db: BaseDBAsyncClient) -> str:
    raise NotImplementedError("The guards are never taken away: restore a backup made before the update instead.")


MODELS_STATE = ""
