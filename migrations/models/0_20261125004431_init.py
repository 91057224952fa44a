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
COMMENT ON COLUMN "ledger_event"."type" IS 'UNIT_REGISTERED: UNIT_REGISTERED\nUNIT_CHANGED: UNIT_CHANGED\nARMORY_REGISTERED: ARMORY_REGISTERED\nARMORY_CHANGED: ARMORY_CHANGED\nPERSON_REGISTERED: PERSON_REGISTERED\nPERSON_CHANGED: PERSON_CHANGED\nDUTY_STATUS_CHANGED: DUTY_STATUS_CHANGED\nITEM_MODEL_REGISTERED: ITEM_MODEL_REGISTERED\nITEM_MODEL_CHANGED: ITEM_MODEL_CHANGED\nPURPOSE_REGISTERED: PURPOSE_REGISTERED\nPURPOSE_CHANGED: PURPOSE_CHANGED\nITEM_REGISTERED: ITEM_REGISTERED\nITEM_CHANGED: ITEM_CHANGED\nITEM_SENT_TO_MAINTENANCE: ITEM_SENT_TO_MAINTENANCE\nITEM_BACK_FROM_MAINTENANCE: ITEM_BACK_FROM_MAINTENANCE\nITEM_ISSUED: ITEM_ISSUED\nITEM_RETURNED: ITEM_RETURNED\nTAG_ASSIGNED: TAG_ASSIGNED\nTAG_REVOKED: TAG_REVOKED\nACCOUNT_CREATED: ACCOUNT_CREATED\nACCOUNT_CHANGED: ACCOUNT_CHANGED\nACCOUNT_DISABLED: ACCOUNT_DISABLED\nPASSWORD_SET: PASSWORD_SET\nTOKEN_CREATED: TOKEN_CREATED\nCUSTODY_IMPORTED: CUSTODY_IMPORTED\nLEGACY_IMPORTED: LEGACY_IMPORTED';
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
    "XEi3m1wW/BrL4YIakF/klI3a3u1p+tqT3ClnsiOFPbWbQu0Z8tok8xJFIlbdTSZ7NlPs3w"
    "9GeLVdWXdZ5dz9END3JfdMvFkDXCruGYM8+0Ca0rEATVXeTY9hTpZIRMz0Uz2zKNxQm6M6"
    "f01rDnxIMCDPV0NMOOaxM0sa2Ri+wf2EG6ZSH2TBO7v6AnqDezHd1ZaBal1yb23HGfkOki"
    "SX589+kf7gl9tZFtwLuZZPymbzEn5u9zrHn2GHsT7MC7/PobZJtkhP/Abng7+669mNgaJT"
    "rEHNEGWL7mLWYs7+FBuv7MatJ/+KwZtjWfkmXt2cKb2CSqPp+boxNKQ8vGmGBH9/Ao1llk"
    "bllBr4ZZ/htDhufMcfSqo2XGCL/oc4t2ees/X+bEoD2N2JPoz/l/Ba8Wq6ZpsqJqA1HVtF"
    "ZmhNBXSHVXkGXYhI4uk3gUqD//8ttdAsJyW/QB3Vuh/9PZxc8MAtv1xg4rZHC1/mKEuqf7"
    "pAz0JcoGDO8szt2J7uTjHNZPIQ0vuh+MQ3j2AGhrqv+hWZiMvQncnnVWAPwo9H2MOwxjGP"
    "eGPxXIQUmHFVGol9CyawVow/q7gTbMWGK7nKEODu77zqcS6EKtQnhZWRJfz5zi/7VJJYzj"
    "NA3E+eK8BMwX54Uo06IkyK4HWOQjLJL5lKEswRvpxMAZtCPiw0HdUu5FueIUzGguEf0dku"
    "6dMhCvL5F/hftbQb4RlUexD3lRekjulO6Xa+Ur0IWp9Kpb6sO4KPNdXBR/FheZryJvXc52"
    "oES8gi+kiD7Vh/B/9tWHnfN9fSxj+grvOu/PP55/Ors4/wRV2GtGOR9XdIckq+mPwxxhYI"
    "l8pCpgnKE7HLbvjwRayyZjbTwnlbHNEnJw0+ACO+/SVyiPaoyCw5mGE/6Up1UTV2Iku5RZ"
    "3pgZ2VxEoVLgy/dcCYVClYX2s+1gc0y+4EWGBUkBGgj2D0EzxwnpMrcVCUmO/hqJzfEBBf"
    "8d/jH22L/viwO1L3VhyFKIn3Xj+6vujLQCrJn0nwX7KiD7/KWPLd3LnwgCnCVookE4Jz50"
    "Y+569mihOdiwndGWQHX9xvqsraYiZlJmEv6S5tiv2w6soKm+/dpUtKAI61NtgvVtB9eAtX"
    "QLDZXAKphPag8VncHsjh2buRJzWrZo2pmmc3Sij9lfos+mT4ovDzn64HDZKNYGh+tTKV2w"
    "7Yx1Yrqs9/7hopnueG00B5wdXyWrO5h4iDaZq8StSM61rzVgbdpc+8q1r83TvnIZsrVLGd"
    "KfuitKkQmiLWbfejIAuxUjfawOJ0jWE9O1cmRiSG0hSfp75FtyscvN+CObf0tx+5RN2xKg"
    "Zo3F5ITIDBC2xOeeNdKkAbRPGShAK0cKWuJYLAfNlnXWSkIKwYGFyQl6crHzwzSwRubTZ+"
    "xo3/GCmZGAxIKI7Ux1y3TxCAW1kF+LGbH4nYVebAdhYC6yEtP+HsMlqxqs9u0VklWyt6sI"
    "AlnKBooEezAUyHxem4MeUjdOzN097I5OvlcBOqzfwDG9ex3Ciz41rYVWVZWQImsg1HvRKI"
    "zNH5gw1HK4vmK0U2Qc7XJoG4DGOJCuNrHtitPXGfOW8vmz1KXWW0FiSET5Thqo1MgrTA1J"
    "V3qU7iRBvkRhakgGX5U+ZLBLmrd8G+Ou0dxbaNSqbl7wiazvt1QTB7TME7qq9ChWZCMDqk"
    "vkX4fkThToLbtAFz0M7kX5mvZllBwSSQ6pwhTUFO+FvsB6PUrWo1O5JrXFrXFqJVhxa5xa"
    "WON4+nhL/ZeqjxuqHnx27Pl4kjMU92mCc4xAUQ8uaIQbKx1en8pM4XK0qaGJXLEu1QxrlN"
    "KkutgxdeudrzvBozZkENf0QC5i7ny+7hNqRDrPQKM5ww6Cl5+/wBPmDtyEKs5fgIK6bjwh"
    "V1+46HUCzUJTQJqvYz30C3Dtaw2YhPYK7Wu8U6uqAvNo6yxg1kmo9z+ziorXgKKBGO9Fyx"
    "3MY9VBbvBg3ode26io1zY212vXjK/jPp2pFVGStb6i9KqqjgIyqgViiSGRBoMHqgHyr1RR"
    "pPUESVZFWZC7TF0Uv2flal+QB5LKyoL0kPSgAUm+uURBgrqDDlTqCjqA0oGq3FGHUv86JH"
    "2xS31G6YOj5JBcS4N739U0TNVDHRVsxenPpmV6G6uHs60ccLwMxP6j1BWFq7vK6sYYKVUU"
    "RjfQw1JPYurDIDEkD3KiduJ2SP77QYDhokoypYnd1KOXQXwmI43F/KigeExRHU75eLqvqZ"
    "Z7VtYZTt+KsKI2N0HE9bkpSJm2oSKicRoO6GoFOcNqBxpyqiTqhW0dJ7Br1eTxcVWgJ8/O"
    "BjvAtnF2xWlgE1Mg34HgzsCN1a/7U2SBkj2aP1dr2rVozi7hw4mIPcXEgA6dOxjZL8gmOK"
    "HEznHcLEfDtdo1WNnbK7Ta8V6soptK0zVQAbgXbXb8C9l0B4HjvRnefNeGm2Lu3BTzXqIq"
    "0UvkX4ekL32mijN2GZKu0L+SZLgPEkMyuFXUmweqSfUTkNO7gbvezZD0hO4tVNJYeexmSO"
    "6EB7l7Sy0+w9SQKPeq1KUh/uAyJLJ0c6tqj9JAUoA4fgc1VUbKLvVQ1bmWnaOjK6mGDWhr"
    "PSwG0rUo9HvQsX6CatPlG79nwxQMj774VaMaVhadcXkzJNci1bpeIv9aj04zdMus6HgUI+"
    "G7WOt3sYibo2ZdwYS5eeJXA5DdvdsLV2K3tlViZxSEPPpa7dQHVDWVozgINFbFKgMvqFAq"
    "3tNMp4ZuNG4PCP1IR8/6aAxJ6lnMbOMuqVkbc15iSgFPd0D6j+zgmP+xAVWfMXLwD/s7Hu"
    "XHhdrPY7hGouYaCR4/KlgEOx/KcHBQq3AZZGWpPXL/U9D0HPb7GnCiweQL9skTlCm0RwHp"
    "SZg4Pg5kBdaq1BMHqtC7p81PXfd3i8ElqCIt6bDcRSr3p3S3RI2gr5J6i+gt+rcii+lPJK"
    "qn/ptuFbX0uWdrxH7V9FEckzA7zOLczv627JlCveLsvyThQaxSYcFY9JKqYcHiRBzR1WHB"
    "oqg1W+4plw41VE9U1wcGiw+qEpv1oQvLDswgmgtqbOarvEu/T9FIMHwbvxzxKCxqrzwhLV"
    "ZprZj0dWIjqOCeoKfwfLEoMpNr2DOM5sTCrgvFlqVFVX5BTzPddV9t+LMT3Z0wGpBrbNIx"
    "R0yiIUy2MQlrycIgEeVszh786VyoqsGK0F4hVM1d7FQN+RKnqbOuvTba2xCwqvuMabrGSb"
    "K7hzoxT1XBOkPYPOX5fvQGtpUXwkhwHH1RZFdv5UYvskz3iMMk5KoHxH+pv/6WNvOOraw5"
    "+m8b0NFJgbF3ijQF4DPQ7gvAKOewCF4pyl1Ct3IlqanB+dC7Evs/vWdjFiqZPlNZYF6fi/"
    "mKsboC7eYNV8ouZIbr0fnP7Sby0rU0oJ5NvsMaS6WZ6bfZaucKvNabbFcalu0ePrJIzdiJ"
    "UqbipuvOc1c2jlNyPZqZIBd/x9uG/RZmpkqbOd61aM05Udil89e2Z0T5rTQJpH3qxJIfYI"
    "5mLPOFFuvHkr4j5dVkNJgTDYdjGhO2rd9GMAMbmAbIIW30vICE7WI00cnoBHVhfsYjZEOF"
    "dqCNMqAE/hzSX7wiXdjuH8EVXjVXeMEoxPAuG8RKz1I2Th9zXsbg+7zY3vs8Y+4dgJYzeZ"
    "vjYs/7JdHhWNZ9guxzrf/R6Zydfeycnl18+nD+8eOHT6cR+5otWsXHXkk3lJVNdELO5jRl"
    "xHzkckf5evEt2UKdVb0tVezdK32h/+0SRckhuRXka60vdkXpXr1E8bshEXti/0aUu0ARJe"
    "sh4zHYN7HESRDuwBCnbt9RkyxxRvBlVe/hJRW3s6pz78JfG5kUAM2eb+zPkmmk1jPw3yWY"
    "ELHz9KEq/qOAmQnrN2E/ac1eR+LrDDH8qSf86+fEF0rdnMLqMcy7d8pV2rGIiVwbzJMJQj"
    "5V1nqqpF2lOVjPNU0rOVOm2qjxt9bqi+pDX/bj4/mpIWGx9j6LfRY2L3azOtTeNTWcUr6x"
    "TYowOSRdBSi7bL6NkvWYOZfrmbl5T6faqHNP/11WxCA8feE3XLw2Zilr3J+1XSUd7M0dol"
    "VlTFJkHPkNkKchIl14noNzlLerI0vGyDZSctUMeh5cstZw8uCSO3dXCRev56qwZgi520qu"
    "2FcZ2DQdxzWJK93uxE5FUBNEfBLI19VXHqppOj5Ua+JZ2cxhOps7M6oiqehbmaDiQ3Slcy"
    "UP2FvWEbBMwN638648VlTXu1dmWYEdoFraFfhYcU3wPyWQDSbNXUC7bOko59f1btaJ9aXM"
    "TBByTbuYZpduu81EN81ilsA3EqA4vuvxTUubJfBdSv6HnHmPFN+MmqRWUQPCyTnHNjo2bx"
    "dbRceWiTKB2OlJ9ogOgBP0FITAZc77eDqDginWicuimy1QGCCXhl5nB5KmN4m2b40bOddA"
    "FGkjHipt7Wbn7uOFVg2W0OBACfuMD17VUTdJ1nhX3VzP8uAFtO0Nv/NbOqATb2TDXXHebZ"
    "QdON8Cbb2Nr+9bHnZ0JMz6Xr0PI5fWvJBcMXfXFTG5Qufasvw1q8xiBOto5thjR59eIndi"
    "v5LA4Q960aGefi5UGNwK7zofLqDEWuSx19s1xrnrmnPXnAXcYwAn9u0URG+6MonuFDCASb"
    "p0ZJyF5zOGRwb2Kh9Aao3WjtmzPbKDZIDdyTdoC+vHx/rVN1UU0vy3gyk+m9jcJyi5+1mt"
    "re7xHzMTmtugm5OUvJtr3c08qvvfoZeDCLRVrTsTVNxkZo15x3I762AbYzUFdr2BR2Jk1W"
    "rbpmtPZ/RdRn0MkLpeKy+2TbpOe2V4m7C25sSqlxA5g+rIm+gecueGgfEIjy79YMzwRugp"
    "qCGNnuj2S5QP7YJoCawuIjZyMXWJQvjlBRtemwVjBrnRjdUm7mv+Qb2Hf4Ec0fbXFmstDH"
    "EbPJEOnd+41FsnqTfRTWVF3wQRl39LyL+xD6DCoE5S8bU843k6hRUhB9FVW6IRCR+3Jcat"
    "7oznUwwP20B3k6Xl+pv2hvobf7XN4l/sB7qkaMRAP3iMioj/20BllqLl2pTaydkVdhD3Kb"
    "eE8UtzxJVYaNNiKcWNVSohm7gg0b4zCT1J00XPWHewE+xqmW6lrbDNG+LbYLVgoooFAr5T"
    "w3dqjq83jmLR4Ts1f79uBgg3+ZbjdHyXps49zHdp+C4N36UpJe1I05nt0A0Y9illJJ54cX"
    "uV1GMGFTUnqFni4AHdA2kE6tMdD50gEFksE4QWd+F6eAoijAHv0kau7W+bRLsclAJEGv9c"
    "gMB1iR2I+WoaOO/0gb09ZwvBybXnjlHJtm1J0TjfkfcXp6Usuk9XmHSf/rxGiHLnz/+DjY"
    "1DBMfI66y8az3IkkqjGkrqkAj9nkLt8/3rkNyL/YEiXyL/OiSSKva0nnIt3l2iZdrP93OG"
    "RBVuLhH8APVD/14ZiEDuJ4ak+zBQletv1MJf6dMomIl7eH63qzzIKj3riyWgZeooABn+Nf"
    "2tlhkrnTL69E6xPr2T0acHPVuRW0hScW4hHVUmXA82iK2fJOXSVL15bR7ujoe7qQufXSLc"
    "zduw2XfsoHbxBya5dlDx4pVstn/gu4ajmmvZbIVgYGkBXZ+7nUDb0PmjEzTAv7eR73hFdw"
    "a8Npo5+Idpz11qbzRh5kV+wgGGGHv0kC7KG1MG61l38S+I2H7D/tlcbtHxX2/yBrn2T/BO"
    "WGeRiVz8e3mrJ4Z2xRkuTsM3PKpueCw7qrR0FFHUmTvfUD46K+Pwelbs8HqWcXil4z+D7q"
    "qDwgICfkhY3rZTqUPCtvESP7xf+IaSJ4h+N9JAFdnxCqkMGnofMmBIyjdRcXAXyqoJ+kxW"
    "VCtqI3kfSriJVjJZUa2oleT9kFw/qN80YIzVh8GyUk5mXIJOPDM3O1E7ajabF0nayb+RyV"
    "vWW/6RZEbwxMybZd4p+TZJ6oEoq5qqaD0BxrQoC3JXDOrllAQ0V0L3i/a5r/RyqHLLAjpp"
    "MHiIXsO/if5DeJZH4pbpJzRhMJBuWGH8zi/ri4/Kl7AouIk0E1q3LwrseIhURqxGNNSSGc"
    "saywPM0znQQ/AyX5X+Nf1ooHtid/B28Cry8g0St0vdiq8pEWPalTBnSO7EG6Ebr5LK2ES/"
    "svuDKbnijSveuOKt8eGcj2c/u0o0Zxb5r2ow5zgRRzSFqL6wbD0Hz2Kz6RhJnVeA2tpNB6"
    "5BZpFbxvo1ONlCnTuhlV36uoo8UOhRX0Fik8Vv9yGnfEirWqgsafi8kodn1YAxSao6D+xN"
    "t9b3EjnQwSNMPFO3qh4bkybkoziJ7KvpEey6FWFNUnFMa+Xn2UhMoUHi6kYYkK+8HjlFyP"
    "XJG+uT/TAA5o9NDrdP03Ibi1rbWIR7pBsFF0qQ8o6udUdDX0GHeTmBUFfwVDEavkyllA2B"
    "PcEGvnMZUu4+197Qfa46+BzzTTCviwM1M8W4xXrSiiZb2l7pRs3qaZOw4lpDJ3WCkaW7Hm"
    "KmN8zWH/mN+KGSvLAcZksMZPDa02fs+MdtuEh3pi5ybHt6gtSYjRHSLZtgNLV/YBfqZa2b"
    "DvfYbbwN3tyepkbeBruypllhvlR765rTfSH9JqIQX2AOv6gH01lezP4VAz1OxUf7ZqP9TS"
    "3uGyMm1Mrgvp6oHrG9vYAd05jk8Z9ByUreU1/WWcd2FmO646g6hVNq7iedM5kGHVhfJm0H"
    "h9CsYsoKz/gpZoKLD/lpwtZg58OHMhZdHz4Um3TRstTiBB9VBYSD6g1E9/1pKZ/m0xU+za"
    "enmY1Xm3g4L+jCPweKXKQejEjSyl/T8ND/oeYd2UbBSLC8GSOatL1MikWgDVy9tULlr/8H"
    "9tVlLg=="
)
