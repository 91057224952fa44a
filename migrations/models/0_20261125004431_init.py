from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE "unit" (
    "id" UUID NOT NULL PRIMARY KEY,
    "code" VARCHAR(32) NOT NULL UNIQUE,
    "name" VARCHAR(128) NOT NULL,
    "version" INT NOT NULL,
    "parent_id" UUID REFERENCES "unit" ("id") ON DELETE RESTRICT
);
COMMENT ON TABLE "unit" IS 'An organisation''s part, under its parent unit.';
CREATE TABLE "armory" (
    "id" UUID NOT NULL PRIMARY KEY,
    "code" VARCHAR(32) NOT NULL UNIQUE,
    "name" VARCHAR(128) NOT NULL,
    "timezone" VARCHAR(64) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "temporary_limit_hours" INT NOT NULL,
    "sidearm_limit" INT NOT NULL,
    "long_gun_limit" INT NOT NULL,
    "version" INT NOT NULL,
    "unit_id" UUID NOT NULL REFERENCES "unit" ("id") ON DELETE RESTRICT
);
COMMENT ON COLUMN "armory"."state" IS 'OPEN: OPEN\nCLOSED: CLOSED\nCHANGEOVER: CHANGEOVER\nLOCKDOWN: LOCKDOWN';
COMMENT ON TABLE "armory" IS 'An arms room and its policy. Limits count items a person holds over all armories; `temporary_limit_hours` is INV-8''s.';
CREATE TABLE "person" (
    "id" UUID NOT NULL PRIMARY KEY,
    "service_number" VARCHAR(64) NOT NULL,
    "service_number_key" VARCHAR(64) NOT NULL UNIQUE,
    "rank" VARCHAR(32) NOT NULL,
    "family_name" VARCHAR(128) NOT NULL,
    "given_names" VARCHAR(128) NOT NULL,
    "category" VARCHAR(16) NOT NULL,
    "duty_status" VARCHAR(16) NOT NULL,
    "version" INT NOT NULL,
    "unit_id" UUID NOT NULL REFERENCES "unit" ("id") ON DELETE RESTRICT
);
COMMENT ON COLUMN "person"."category" IS 'OFFICER: OFFICER\nENLISTED: ENLISTED\nCIVILIAN: CIVILIAN\nSWORN: SWORN';
COMMENT ON COLUMN "person"."duty_status" IS 'ACTIVE: ACTIVE\nLEAVE: LEAVE\nSUSPENDED: SUSPENDED\nINACTIVE: INACTIVE\nSEPARATED: SEPARATED';
COMMENT ON TABLE "person" IS 'One person. `service_number_key` is the normalised service number and unique for ever.';
CREATE TABLE "item_model" (
    "id" UUID NOT NULL PRIMARY KEY,
    "nomenclature" VARCHAR(128) NOT NULL,
    "manufacturer" VARCHAR(128) NOT NULL,
    "manufacturer_key" VARCHAR(128) NOT NULL,
    "category" VARCHAR(16) NOT NULL,
    "slot" VARCHAR(16) NOT NULL,
    "caliber" VARCHAR(64),
    "nsn" VARCHAR(32),
    "version" INT NOT NULL
);
COMMENT ON COLUMN "item_model"."category" IS 'PISTOL: PISTOL\nRIFLE: RIFLE\nCARBINE: CARBINE\nSHOTGUN: SHOTGUN\nSMG: SMG\nMACHINE_GUN: MACHINE_GUN\nLAUNCHER: LAUNCHER\nOPTIC: OPTIC\nNIGHT_VISION: NIGHT_VISION\nOTHER: OTHER';
COMMENT ON COLUMN "item_model"."slot" IS 'SIDEARM: SIDEARM\nLONG_GUN: LONG_GUN\nCREW_SERVED: CREW_SERVED\nDEVICE: DEVICE';
COMMENT ON TABLE "item_model" IS 'A nomenclature of one manufacturer.';
CREATE TABLE "item" (
    "id" UUID NOT NULL PRIMARY KEY,
    "manufacturer_key" VARCHAR(128) NOT NULL,
    "serial" VARCHAR(64) NOT NULL,
    "serial_key" VARCHAR(64) NOT NULL,
    "rack" VARCHAR(64),
    "state" VARCHAR(16) NOT NULL,
    "serviceability" VARCHAR(16) NOT NULL,
    "round_count" INT NOT NULL,
    "version" INT NOT NULL,
    "armory_id" UUID NOT NULL REFERENCES "armory" ("id") ON DELETE RESTRICT,
    "model_id" UUID NOT NULL REFERENCES "item_model" ("id") ON DELETE RESTRICT
);
COMMENT ON COLUMN "item"."state" IS 'IN_ROOM: IN_ROOM\nISSUED: ISSUED\nIN_MAINTENANCE: IN_MAINTENANCE\nIN_TRANSIT: IN_TRANSIT\nMISSING: MISSING\nLOST: LOST\nSTOLEN: STOLEN\nRECOVERED: RECOVERED\nDISPOSED: DISPOSED';
COMMENT ON COLUMN "item"."serviceability" IS 'SERVICEABLE: SERVICEABLE\nLIMITED: LIMITED\nUNSERVICEABLE: UNSERVICEABLE\nQUARANTINED: QUARANTINED';
COMMENT ON TABLE "item" IS 'One serial-numbered, sensitive item. `serial_key` is unique per manufacturer for ever; `state` says where it is.';
CREATE TABLE "tag" (
    "id" UUID NOT NULL PRIMARY KEY,
    "code" VARCHAR(256) NOT NULL UNIQUE,
    "revoked_at" TIMESTAMPTZ,
    "version" INT NOT NULL,
    "item_id" UUID REFERENCES "item" ("id") ON DELETE RESTRICT,
    "person_id" UUID REFERENCES "person" ("id") ON DELETE RESTRICT
);
COMMENT ON TABLE "tag" IS 'An opaque code on a badge or an item: it names one target for ever and can be revoked.';
CREATE TABLE "account" (
    "id" UUID NOT NULL PRIMARY KEY,
    "username" VARCHAR(64) NOT NULL,
    "username_key" VARCHAR(64) NOT NULL UNIQUE,
    "password_hash" VARCHAR(256),
    "roles" TEXT[] NOT NULL,
    "all_armories" BOOL NOT NULL,
    "armories" UUID[] NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "version" INT NOT NULL
);
COMMENT ON COLUMN "account"."state" IS 'ACTIVE: ACTIVE\nDISABLED: DISABLED';
COMMENT ON TABLE "account" IS 'Who acts. `armories` is the scope unless `all_armories`; `password_hash` is argon2id and never in the ledger.';
CREATE TABLE "purpose" (
    "id" UUID NOT NULL PRIMARY KEY,
    "code" VARCHAR(32) NOT NULL UNIQUE,
    "name" VARCHAR(128) NOT NULL,
    "categories" TEXT[] NOT NULL,
    "default_issue_type" VARCHAR(16) NOT NULL,
    "version" INT NOT NULL
);
COMMENT ON COLUMN "purpose"."default_issue_type" IS 'TEMPORARY: TEMPORARY\nHAND_RECEIPT: HAND_RECEIPT\nEMERGENCY: EMERGENCY';
COMMENT ON TABLE "purpose" IS 'A duty type. `categories` empty means every category of item.';
CREATE TABLE "custody_record" (
    "id" UUID NOT NULL PRIMARY KEY,
    "receipt_number" VARCHAR(48) NOT NULL UNIQUE,
    "receipt" BIGINT NOT NULL,
    "issue_type" VARCHAR(16) NOT NULL,
    "issued_at" TIMESTAMPTZ NOT NULL,
    "due_at" TIMESTAMPTZ,
    "condition_out" VARCHAR(16) NOT NULL,
    "note" TEXT,
    "closed_at" TIMESTAMPTZ,
    "close_reason" VARCHAR(16),
    "condition_in" VARCHAR(16),
    "brought_reason" TEXT,
    "return_note" TEXT,
    "rounds_fired" INT,
    "version" INT NOT NULL,
    "armory_id" UUID NOT NULL REFERENCES "armory" ("id") ON DELETE RESTRICT,
    "brought_by_id" UUID REFERENCES "person" ("id") ON DELETE RESTRICT,
    "closed_by_id" UUID REFERENCES "account" ("id") ON DELETE RESTRICT,
    "holder_id" UUID NOT NULL REFERENCES "person" ("id") ON DELETE RESTRICT,
    "issued_by_id" UUID REFERENCES "account" ("id") ON DELETE RESTRICT,
    "item_id" UUID NOT NULL REFERENCES "item" ("id") ON DELETE RESTRICT,
    "purpose_id" UUID REFERENCES "purpose" ("id") ON DELETE RESTRICT
);
COMMENT ON COLUMN "custody_record"."issue_type" IS 'TEMPORARY: TEMPORARY\nHAND_RECEIPT: HAND_RECEIPT\nEMERGENCY: EMERGENCY';
COMMENT ON COLUMN "custody_record"."condition_out" IS 'SERVICEABLE: SERVICEABLE\nLIMITED: LIMITED\nUNSERVICEABLE: UNSERVICEABLE\nQUARANTINED: QUARANTINED';
COMMENT ON COLUMN "custody_record"."close_reason" IS 'RETURNED: RETURNED\nTRANSFERRED: TRANSFERRED\nLOST: LOST\nSTOLEN: STOLEN\nDESTROYED: DESTROYED\nCORRECTED: CORRECTED';
COMMENT ON COLUMN "custody_record"."condition_in" IS 'SERVICEABLE: SERVICEABLE\nLIMITED: LIMITED\nUNSERVICEABLE: UNSERVICEABLE\nQUARANTINED: QUARANTINED';
COMMENT ON TABLE "custody_record" IS 'Who holds which item, since when, by whose hand. Closed once, never changed after.';
CREATE TABLE "api_token" (
    "id" UUID NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "revoked_at" TIMESTAMPTZ,
    "account_id" UUID NOT NULL REFERENCES "account" ("id") ON DELETE RESTRICT
);
COMMENT ON TABLE "api_token" IS 'A token for a program: shown once, stored as a SHA-256 only.';
CREATE TABLE "completed_request" (
    "id" UUID NOT NULL PRIMARY KEY,
    "actor_key" VARCHAR(64) NOT NULL,
    "request_id" UUID NOT NULL,
    "command" VARCHAR(64) NOT NULL,
    "arguments_hash" BYTEA NOT NULL,
    "answer" TEXT NOT NULL,
    "completed_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_completed_r_actor_k_9b7098" UNIQUE ("actor_key", "request_id")
);
COMMENT ON TABLE "completed_request" IS 'A request that succeeded: the same `requestId` of the same actor has no second effect, and gets the same answer.';
CREATE TABLE "session" (
    "id" UUID NOT NULL PRIMARY KEY,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "ended_at" TIMESTAMPTZ,
    "account_id" UUID NOT NULL REFERENCES "account" ("id") ON DELETE RESTRICT
);
COMMENT ON TABLE "session" IS 'A sign-in: its bearer token is stored as a SHA-256 only.';
CREATE TABLE "imported_row" (
    "source" VARCHAR(160) NOT NULL PRIMARY KEY,
    "subject" VARCHAR(24) NOT NULL,
    "subject_id" UUID NOT NULL,
    "imported_at" TIMESTAMPTZ NOT NULL,
    "armory_id" UUID NOT NULL REFERENCES "armory" ("id") ON DELETE RESTRICT
);
COMMENT ON COLUMN "imported_row"."subject" IS 'UNIT: UNIT\nARMORY: ARMORY\nPERSON: PERSON\nITEM_MODEL: ITEM_MODEL\nITEM: ITEM\nTAG: TAG\nPURPOSE: PURPOSE\nCUSTODY_RECORD: CUSTODY_RECORD\nACCOUNT: ACCOUNT\nIMPORT: IMPORT';
COMMENT ON TABLE "imported_row" IS 'What a row of an earlier system became, so that the same row is never brought in twice.';
CREATE TABLE "ledger_event" (
    "event_id" UUID NOT NULL PRIMARY KEY,
    "stream" VARCHAR(36) NOT NULL,
    "seq" BIGINT NOT NULL,
    "type" VARCHAR(48) NOT NULL,
    "subject" VARCHAR(24) NOT NULL,
    "subject_id" UUID NOT NULL,
    "item_id" UUID,
    "person_id" UUID,
    "payload" TEXT NOT NULL,
    "actor_kind" VARCHAR(16) NOT NULL,
    "actor_id" UUID,
    "actor_name" VARCHAR(128) NOT NULL,
    "credential_id" UUID,
    "witness_id" UUID,
    "request_id" UUID,
    "transaction" BIGINT NOT NULL,
    "effective_at" TIMESTAMPTZ NOT NULL,
    "recorded_at" TIMESTAMPTZ NOT NULL,
    "corrects" UUID,
    "previous_hash" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,
    CONSTRAINT "uid_ledger_even_stream_6d3218" UNIQUE ("stream", "seq")
);
COMMENT ON COLUMN "ledger_event"."type" IS 'UNIT_REGISTERED: UNIT_REGISTERED\nUNIT_CHANGED: UNIT_CHANGED\nARMORY_REGISTERED: ARMORY_REGISTERED\nARMORY_CHANGED: ARMORY_CHANGED\nPERSON_REGISTERED: PERSON_REGISTERED\nPERSON_CHANGED: PERSON_CHANGED\nDUTY_STATUS_CHANGED: DUTY_STATUS_CHANGED\nITEM_MODEL_REGISTERED: ITEM_MODEL_REGISTERED\nITEM_MODEL_CHANGED: ITEM_MODEL_CHANGED\nPURPOSE_REGISTERED: PURPOSE_REGISTERED\nPURPOSE_CHANGED: PURPOSE_CHANGED\nITEM_REGISTERED: ITEM_REGISTERED\nITEM_CHANGED: ITEM_CHANGED\nITEM_SENT_TO_MAINTENANCE: ITEM_SENT_TO_MAINTENANCE\nITEM_BACK_FROM_MAINTENANCE: ITEM_BACK_FROM_MAINTENANCE\nITEM_ISSUED: ITEM_ISSUED\nITEM_RETURNED: ITEM_RETURNED\nTAG_ASSIGNED: TAG_ASSIGNED\nTAG_REVOKED: TAG_REVOKED\nACCOUNT_CREATED: ACCOUNT_CREATED\nACCOUNT_CHANGED: ACCOUNT_CHANGED\nACCOUNT_DISABLED: ACCOUNT_DISABLED\nPASSWORD_SET: PASSWORD_SET\nTOKEN_CREATED: TOKEN_CREATED\nTOKEN_REVOKED: TOKEN_REVOKED\nCUSTODY_IMPORTED: CUSTODY_IMPORTED\nLEGACY_IMPORTED: LEGACY_IMPORTED';
COMMENT ON COLUMN "ledger_event"."subject" IS 'UNIT: UNIT\nARMORY: ARMORY\nPERSON: PERSON\nITEM_MODEL: ITEM_MODEL\nITEM: ITEM\nTAG: TAG\nPURPOSE: PURPOSE\nCUSTODY_RECORD: CUSTODY_RECORD\nACCOUNT: ACCOUNT\nIMPORT: IMPORT';
COMMENT ON COLUMN "ledger_event"."actor_kind" IS 'ACCOUNT: ACCOUNT\nCONSOLE: CONSOLE';
COMMENT ON TABLE "ledger_event" IS 'One thing that happened. Seq, recorded at, previous hash and hash are set by the database; nothing changes after.';
CREATE TABLE "stream_head" (
    "stream" VARCHAR(36) NOT NULL PRIMARY KEY,
    "seq" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,
    "receipts" BIGINT NOT NULL,
    "armory_id" UUID REFERENCES "armory" ("id") ON DELETE RESTRICT
);
COMMENT ON TABLE "stream_head" IS 'The last event of a stream, and the last receipt number of its arms room. The database alone moves it.';
CREATE TABLE "aerich" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSONB NOT NULL
);"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        """


MODELS_STATE = (
    "eJztXe1zoziT/1dU/vLsVnlSGSeTmcteXRVxmIRnYsjZJPPMs94iBCs2N1h4AU/Wt7f/+7"
    "XEi3m1wW/BrL7EQlIL5Schdbe6W3+2pvYIW+6J4ExtZ9G6RH+2iD7FkEiVtFFLn82W+TTD"
    "058tVlVf1nl2PUc3PMh90S0XQ9YIu4ZjzjzTJrSuQBBUd5Fj21OkkxEyPRfNbMs0Fifozp"
    "zSR8OeEw8KMNTT0Qw7rk3QxLZGLrJ/YAfploXYO03s/oKeoN7MdnRnoVmUXpvYc8d9QqaL"
    "JPnx3ad/uCe0ayPbgL6ZZPymvZgT8/c51jx7jL0JdqAvv/4G2SYZ4T+wGz7OvmsvJrZGiQ"
    "ExR7QBlq95ixnLe3iQrj+zmvQ/fNYM25pPybL2bOFNbBJVn8/N0QmloWVjTLCje3gUGywy"
    "t6xgVMMsv8eQ4TlzHHV1tMwY4Rd9btEhb/3ny5wYdKQRexP9c/5fQddi1TRNVlRtIKqa1s"
    "rMENqF1HAFWYZN6OwyiUeB+vMvv90lICy3RV/QvRX6P51d/MwgsF1v7LBCBlfrL0aoe7pP"
    "ykBfomzA9M7i3J3oTj7OYf0U0tDR/WAcwrMHQFtT/Q/NwmTsTeDxrLMC4Eeh72PcYRjDvD"
    "f8pUAOSjqsiEK9hJb9VoA2rL8baMOMJbbLFerg4L7vfCqBLtQqhJeVJfH1zCn+X5tUwjhO"
    "00CcL85LwHxxXogyLUqC7HqART7CIplPGcoS9EgnBs6gHREfDuqWci/KFZdgRnOJ6N8h6d"
    "4pA/H6Evm/8HwryDei8ij2IS9KD8md0v1yrXwFujCV3nVLfRgXZb6Li+LP4iLzVeTty9kB"
    "lIhX8IUU0afGEP6ffY1h53xfH8uYduFd5/35x/NPZxfnn6AK62aU83HFcEiymv44zBEGls"
    "hHqgLGGbrDYfv+SKC1bDLWxnNSGdssIQc3DS6w8y7tQnlUYxQczjSc8E95WjVxJUayS5nl"
    "jZmRzUUUKgW+fM+VUChUWWg/2w42x+QLXmRYkBSggWD/EDRznJAuc1uRkOTor5HYHJ9Q8L"
    "/Df4w99t/3xYHal7owZSnEz7rx/VV3RloB1kz6z4J9FZB9/tLHlu7lLwQBzhI00SCcEx+6"
    "MXc9e7TQHGzYzmhLoLp+Y33WVlMRMykzCf+S5tiv206soKm+/dpUtKAI61NtgvVtJ9eAtX"
    "QLDZXAKlhPag8VXcHsjh1buRJrWrZo2pmmc3Sij9m/RN9N3xTfHnL0weG2UawNDvenUrpg"
    "2xnrxHTZ6P3DRTPd8dpoDjg7vkpWdzDxEG0yV4lbkZxrX2vA2rS59pVrX5unfeUyZGuXMq"
    "S/dFeUIhNEW6y+9WQAditG+lgdTpCsJ6Zr5cjElNpCkvTPyLfkYpeH8Ue2/pbi9imbtiVA"
    "zZqLyQWRGSBsic89a6RJE2ifMlCAVo4UtMSxWA6aLeuslYQUggMLkxP05GLnh2lgjcynz9"
    "jRvuMFMyMBiQUR25nqluniEQpqIb8WM2LxBwu92A7CwFxkJab9vYZLVjXY7dsrJKvkaFcR"
    "BLKUDRQJ9mAokPm8Ngc9pG6cmLt72B2dfK8CdFi/gXN69zqEF31qWgutqiohRdZAqPeiUR"
    "ibPzBhqOVwfcVop8g42uXQNgCNcSBdbWLbFaevM+Yt5fNnqUutt4LEkIjynTRQqZFXmBqS"
    "rvQo3UmCfInC1JAMvip9yGA/ad7ybYy7RnNvoVGrunnBJ7J+3FJNHNAyT+iq0qNYkY0MqC"
    "6R/zskd6JAH9kPDNHD4F6Ur+lYRskhkeSQKkxBTfFe6Ats1KNkPQaVa1Jb3BqnVoIVt8ap"
    "hTWOp4+31H+p+rih6sFnx56PJzlTcZ8mOMcIFPXggka4sdLh9anMFC5HmxqayBXrUs2wRi"
    "lNqosdU7fe+boTPGpDBnFND+Qi5s7n6z6hRqTzDDSaM+wg6Pz8Bd4wd+AhVHH+AhTUdeMJ"
    "ufrCRa8TaBaaAtJ8HeuhO8C1rzVgEtortK/xQa2qCsyjrbOAWSeh3v/MKipeA4oGYrwXLX"
    "ewjlUHucGTeR96baOiXtvYXK9dM76O+3SmdkRJ1vqK0quqOgrIqBaIJYZEGgweqAbI/6WK"
    "Iq0nSLIqyoLcZeqi+DMrV/uCPJBUVhakh6QHDUjyzSUKEtQddKBSV9ABlA5U5Y46lPq/Q9"
    "IXu9RnlL44Sg7JtTS4911Nw1Q91FHBUZz+bFqmt7F6ONvKAefLQOw/Sl1RuLqrrG6MkVJF"
    "YfQAIyz1JKY+DBJD8iAnaiceh+S/HwSYLqokU5rYQz1GGcRnMtJYzI8KiscU1eGUj6f7Wm"
    "q5Z2Wd4fStCCtqcxNEXJ+bgpRpGyoiGqfhgK5WkDOsdqAhp0qiXtjWcQK7Vk0en1cFevLs"
    "arADbBtnV5wGNrEE8hMI7gzcWP26v0QWKNmj9XO1pl2L1uwSPpyI2FNMDBjQuYOR/YJsgh"
    "NK7BzHzXI0XKtdg529vUKrHR/FKrqpNF0DFYB70WbHv5BNTxA43pvhzU9tuCnmzk0x7yWq"
    "Er1E/u+Q9KXPVHHGfoakK/SvJBmeg8SQDG4V9eaBalL9BOT0buCpdzMkPaF7C5U0Vh57GJ"
    "I74UHu3lKLzzA1JMq9KnVpiD/4GRJZurlVtUdpIClAHH+CmiojZT/1UNW5lp2joyuphg1o"
    "az0tBtK1KPR7MLB+gmrT5Rt/ZMMUTI+++FWjGlYWnXH5MCTXItW6XiL/tx6DZuiWWdHxKE"
    "bCT7HWn2IRN0fNuoIJc/PErwYgu3u3F67Ebm2rxM4oCHn0tdqpD6hqKkdxEGisilUGXlCh"
    "VLynmU4N3WjcHhD6kY6e9dEYktSzmNnGXVKzNua8xJQCnu6A9B/ZwTH/YwOqPmPk4B/2dz"
    "zKjwu1n9dwjUTNNRI8flSwCXY+lOHgoFbhNsjKUmfk/qeg6Tns9zXgRIPJF5yTJyhTaI8C"
    "0pMwcXwcyAqsVaknDlShd0+bn7ru7xaDS1BFWtJhuYtU7k/pYYkaQV8l9RbRR/RvRRbTn0"
    "hUT/03PSpq6XPP1oj9qumjOCZhdpjFuZ39HdkzhXrF1X9JwoNYpcKCseglVcOCxYk4oqvD"
    "gkVRa7Y8Uy4daqieqK4PDBafVCUO60MXlh2YQTQX1NjKV/mUfp+ikWD4Nn454lFY1F55Q1"
    "qs0lox6evERlDBPUFP4f1iUWQm17BnGM2JhV0Xii1Li6r8gp5muuu+2vDPTnR3wmhArrFJ"
    "xxwxiYYw2cYkrCULg0SUczh78LdzoaoGO0J7hVA1d7FTNeRLnKbOuvbaaG9DwKqeM6bpGi"
    "fJ7h7qxDpVBesMYfOU5/vRG9hWXggjwXH0RZFdvZUbvcgy3SMOk5CrHhD/pf76W9rMO7az"
    "5ui/bUBHJwXG3inSFIDPQLsvAKOcwyJ4pSh3Cd3KlaSmJudD70rs//SezVmoZPpMZYF5fS"
    "7mK+bqCrSbN10pu5CZrkfnP7ebyEvX0oB6NvkOayyVZqbf5qidK/Bab3JcaVi2e/jIIjVj"
    "J0qZipuuO8/d2ThOyf1oZoJc/B1vG/ZbmJkqbeZ496I190Rhl65f294R5bfSJJD2qRNLfo"
    "A5mrHMF1qsH0v6jpRXk9FgTjQcjmlM2LF+G8EKbGAaIIe00fMCEraL0UQnoxPUhfUZj5AN"
    "FdqBNsqAEvjnkP7iFenCdv8KrvCqucILZiGGvmwQKz1L2Th9zHkZg+/zYnvv84y5dwBazu"
    "Jtjos975dEh2NZ9wmyz7X+R6dzdvaxc3p28enD+cePHz6dRuxrtmgVH3sl3VBWNjEIOYfT"
    "lBHzkcud5evFt2QLdVb1tlSxd6/0hf63SxQlh+RWkK+1vtgVpXv1EsWfhkTsif0bUe4CRZ"
    "Ssh4zHYN/EEidBuANDnLp9R02yxBnBl1V9hJdU3M6qzqML/9rIpABo9nxjf5ZMI7Vegf8u"
    "wYSInacPVfEfBcxMWL8J50lrzjoSX2eI4U894V8/J75Q6uYUVo9h3r1TrtKORUzk2mCdTB"
    "DypbLWSyUdKs3Beq5pWsmVMtVGjb+1Vl9UH/qyHx/PTw0Ji7X3WeyzsHmxh9Wh9q6p4ZTy"
    "jR1ShMkh6SpA2WXrbZSsx8q53M/MzUc61UadR/rvsiMG4ekLv+HivTFLWePxrO0u6WBv7h"
    "CtKmOSIuPIb4A8DRHpwvscnKO8XR1ZMka2kZKrZtDz4JK1hpMHl9y5u0q4eT1XhTVDyN1W"
    "csW+ysCm6TiuSVzpcSd2KoKaIOKLQL6uvvJUTdPxqVoTz8pmTtPZ3JlRFUlF38oEFZ+iK5"
    "0recDeso6AZQL2vp135bGiut69MssK7ADV0q7Ax4prgv8pgWywaO4C2mVLR7m+rnezTuwv"
    "ZVaCkGvaxTK7dNttJrppFrMEvpEAxfFdj29a2iyB71LyP+TKe6T4ZtQktYoaEC7OObbRsX"
    "W72Co6tk2UCcROb7JHdAKcoKcgBC5z3sfTGRRMsU5cFt1sgcIAuTT0OruQNH1ItH1r3Mi5"
    "BqJIG/FQaWsPO3cfL7RqsIQGB0rYZ3zwqo66SbLGu+rmepYHHdC2N/zOb+mATryRDXfFdb"
    "dRduD8CLT1Nr6+b3nZ0ZEw63v1PoxcWvNCcsXcXVfE5Aqda8vy16wyixGso5ljjx19eonc"
    "if1KAoc/GEWHevq5UGFwK7zrfLiAEmuRx15v1xjnrmvOXXMWcI8BnNi3UxC96cokulPAAC"
    "bp0pFxFp7PGB4Z2Kt8AKk1Wjtmz/bILpIBdiffoC2sH5/rV99UUUjz3w6m+Gxic5+g5O5n"
    "tba6x3/MTGhug2FOUvJhrvUw86juf4dRDiLQVrXuTFBxk5k15h3L46yDHYzVFNj1Bh6JmV"
    "WrY5uuPZ3Rvoz6GCB1vVZebJt0nfbK8DZhbc2JVS8hcgbVkTfRPeTODQPjER5d+sGYoUfo"
    "KaghjZ7o8UuUD+2CaAmsLiI2cjF1iUL45QUbXpsFYwa50Y3VJu5r/kW9h+9Ajmj7a4u1Fo"
    "a4Dd5Ip85vXOqtk9SbGKayom+CiMu/JeTf2AdQYVInqfhenvE8ncKOkIPoqiPRiITP2xLz"
    "VnfG8ymGl22gu8nScv1Ne0P9jb/bZvEv9gNdUjRioh88RkXE/22gMkvRcm1K7eTsCieI+5"
    "RbwvilOeJKLLRpsZTixiqVkE1ckGjfmYTepOmiZ6w72AlOtUy30lHY5g3xY7BaMFHFAgE/"
    "qeEnNcc3Gkex6fCTmr/fMAOEm3zLcTp+SlPnEeanNPyUhp/SlJJ2pOnMdugBDPuUMhJPvL"
    "i9Suoxg4qaE9QscfGA7oE0AvXpiYdOEIgslglCi7twPTwFEcaAvrSRa/vHJtEpB6UAkca/"
    "FyBwXWIXYr6aBs67fWBv79lCcHLtuWNUsm1bUjTOd+T9xWkpi+7TFSbdpz+vEaLc+fP/YG"
    "PjEMEx8jor71oPsqTSqIaSOiRCv6dQ+3z/d0juxf5AkS+R/zskkir2tJ5yLd5domXaz/dz"
    "hkQVbi4R/AHqh/69MhCB3E8MSfdhoCrX36iFv9KnUTATz/D+bld5kFV61xdLQMvUUQAy/N"
    "/0t1pmrnTK6NM7xfr0TkafHoxsRW4hScW5hXRUmXA/2CC2fpKUS1P15rV5uDse7qYufHaJ"
    "cDdvw2bfsYvaxR+Y5NpBxYtXstn+he8ajmquZbMVgoGlBXR97nYCbcPgj07QAP/eRr7jFT"
    "0Z8Npo5uAfpj13qb3RhJkX+QkHGGLs0Uu6KG9MGaxn3cW/IGL7Dft3c7lF13+9SQ9y7Z+g"
    "T1hnkYlc/Ht5qyeGdsUVLk7DDzyqHngsB6q0dBRR1Jk731A+Oivj8HpW7PB6lnF4pfM/g+"
    "6qi8ICAn5JWN6xU6lLwrbxEj+8X/iGkieIfjfSQBXZ9QqpDBp6HzJgSso3UXHwFMqqCfpM"
    "VlQraiP5HEq4iVYyWVGtqJXk85BcP6jfNGCM1YfBslJOZlyCTrwzNztRO2o2mxdJ2sl/I5"
    "O3rLf8R5IZwRszPcv0KdmbJPVAlFVNVbSeAHNalAW5Kwb1ckoCmiuh+0X73Fd6OVS5ZQGd"
    "NBg8RN3wH6L/IbzLI/HI9BOaMBhIN6ww/uSX9cVH5UtYFDxEmgmt2xcFdj1EKiNWI5pqyY"
    "xljeUF5ukcGCHozFelf00/Ghie2BP0DroiL3uQeAxLl72PPy41L74eRYzpXsKcIbkTb4Ru"
    "vEoqYxPty+6vreRqOa6W42q5xgd7Pp7T7iqxnllcwKqhnuNEHNEUovrCsvUcPIuNqmMkdd"
    "4BamtVHTgOmUVOG+v34GQLdR6EVnbr6yryQKEXgQWJTTa/3Qek8iGtar+ypOHrSh6eVcPJ"
    "JKnqPLE3PXjfS1xBB48w8UzdqnqpTJqQz+Iksq+mR7DrVoQ1ScUxrZUXaCMxhQaJqxthuL"
    "7yWuYUIdc2b6xt9oMEmD/wJobOKVpugVFrC4zwBHWj0EMJUj7QtR5oGCsYMC8nTOoKnipG"
    "w7eplLIhsDbYwLMuQ8qd69obOtdVB59jvgnmdXGvZoYat1hP2thkS9srnaxZPW0SVlxrBq"
    "VOMLJ010PMMId5AiC/ET+QkheWw2qJgQy6PX3Gjn8Zh4t0Z+oix7anJ0iNWSAh3bIJRlP7"
    "B3ahXtb26XCv3cYX4c2tbWrki7ArW5sVxk21t7053RfSbyIK8Q3m8Jt6sJzlRfRfMdHjVH"
    "y2bzbb39QevzFiQq3M8euJ6hFb4wvYMY1JHv8ZlKzkPfVlnXVsZzGmO465U7ik5n7SOYtp"
    "MID1ZdJ2cEXNKqas8AagYia4+AqgJhwNdj58KGPR9eFDsUkXLUttTvBRVUA4qN5AdN+flv"
    "J4Pl3h8Xx6mjl4tYmH80Iy/HOgyEXqwYgkrfw1DQ/9H2rehW4UjATLmzGiSdvLpFgE2sDV"
    "WytU/vp/0BJuMg=="
)
