"""Sign-ins with tokens that change hands, second factors, scopes of API tokens, what is kept of strangers, and documents known beforehand."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

TABLES = """
ALTER TABLE account
    ADD COLUMN units UUID[] NOT NULL DEFAULT '{}',
    ADD COLUMN must_change_password BOOL NOT NULL DEFAULT false,
    ADD COLUMN issuer VARCHAR(256),
    ADD COLUMN external_subject VARCHAR(256);
ALTER TABLE api_token
    ADD COLUMN scopes TEXT[] NOT NULL DEFAULT '{READ,FEED,ISSUE,REGISTER,ADMIN}',
    ADD COLUMN armories UUID[],
    ADD COLUMN good_until TIMESTAMPTZ;
ALTER TABLE api_token ALTER COLUMN scopes DROP DEFAULT;
ALTER TABLE session
    ADD COLUMN address VARCHAR(64) NOT NULL DEFAULT '',
    ADD COLUMN agent VARCHAR(200) NOT NULL DEFAULT '';
ALTER TABLE session RENAME CONSTRAINT session_token TO session_token_of_old;
CREATE TABLE session_token (
    id UUID NOT NULL PRIMARY KEY,
    kind VARCHAR(16) NOT NULL,
    token_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    session_id UUID NOT NULL REFERENCES session (id) ON DELETE RESTRICT
);
COMMENT ON TABLE session_token IS 'A bearer token of a sign-in, stored as a SHA-256 only: to act with, or to be exchanged once for the next two.';
INSERT INTO session_token (id, kind, token_hash, created_at, expires_at, session_id)
    SELECT gen_random_uuid(), 'ACCESS', token_hash, created_at, expires_at, id FROM session;
DROP TRIGGER keep ON session;
ALTER TABLE session DROP COLUMN token_hash;
CREATE TABLE second_factor (
    id UUID NOT NULL PRIMARY KEY,
    secret VARCHAR(64) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    last_step BIGINT NOT NULL,
    ended_at TIMESTAMPTZ,
    account_id UUID NOT NULL REFERENCES account (id) ON DELETE RESTRICT
);
COMMENT ON TABLE second_factor IS 'What makes the codes of an authenticator app (RFC 6238); the last step is that of the newest code that was taken.';
CREATE TABLE recovery_code (
    id UUID NOT NULL PRIMARY KEY,
    code_hash BYTEA NOT NULL,
    used_at TIMESTAMPTZ,
    factor_id UUID NOT NULL REFERENCES second_factor (id) ON DELETE RESTRICT
);
COMMENT ON TABLE recovery_code IS 'Signs in once without the app; stored as a SHA-256 only.';
CREATE TABLE token_use (
    id UUID NOT NULL PRIMARY KEY,
    address VARCHAR(64) NOT NULL,
    first_used_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    token_id UUID NOT NULL REFERENCES api_token (id) ON DELETE RESTRICT
);
COMMENT ON TABLE token_use IS 'From which addresses an API token was used, and when first and last.';
CREATE TABLE security_log (
    slot INT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    kind VARCHAR(32) NOT NULL,
    name VARCHAR(64) NOT NULL,
    address VARCHAR(64) NOT NULL,
    detail VARCHAR(256) NOT NULL
);
COMMENT ON TABLE security_log IS 'What strangers tried: a ring of slots, in which the newest takes the place of the oldest.';
CREATE SEQUENCE security_log_seq;
CREATE TABLE operation (
    id UUID NOT NULL PRIMARY KEY,
    document_id VARCHAR(64) NOT NULL,
    name VARCHAR(64) NOT NULL,
    document TEXT NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ,
    version INT NOT NULL
);
COMMENT ON TABLE operation IS 'A GraphQL document that is known beforehand, by the SHA-256 of its text.';
"""

CHECKS = """
ALTER TABLE account
    ADD CONSTRAINT account_external CHECK (num_nonnulls(issuer, external_subject) <> 1 AND issuer <> '' AND external_subject <> ''),
    ADD CONSTRAINT account_external_once UNIQUE (issuer, external_subject);
ALTER TABLE api_token
    ADD CONSTRAINT api_token_scopes CHECK (scopes <@ ARRAY['READ', 'FEED', 'ISSUE', 'REGISTER', 'ADMIN'] AND scopes <> '{}');
CREATE INDEX api_token_created ON api_token (created_at, id);
CREATE INDEX api_token_account ON api_token (account_id, created_at, id);
CREATE INDEX api_token_good ON api_token (created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX session_created ON session (created_at, id);
CREATE INDEX session_account ON session (account_id, created_at, id);
CREATE INDEX session_open ON session (expires_at) WHERE ended_at IS NULL;
ALTER TABLE session_token
    ADD CONSTRAINT session_token_kind CHECK (kind IN ('ACCESS', 'REFRESH')),
    ADD CONSTRAINT session_token_times CHECK (expires_at > created_at AND (used_at IS NULL OR kind = 'REFRESH')),
    ADD CONSTRAINT session_token_once UNIQUE (token_hash);
CREATE INDEX session_token_session ON session_token (session_id);
ALTER TABLE second_factor ADD CONSTRAINT second_factor_words CHECK (secret ~ '^[A-Z2-7]{32,}$' AND last_step >= 0);
CREATE UNIQUE INDEX second_factor_one ON second_factor (account_id) WHERE ended_at IS NULL;
ALTER TABLE recovery_code ADD CONSTRAINT recovery_code_once UNIQUE (code_hash);
CREATE INDEX recovery_code_factor ON recovery_code (factor_id);
ALTER TABLE token_use ADD CONSTRAINT token_use_once UNIQUE (token_id, address), ADD CONSTRAINT token_use_times CHECK (last_used_at >= first_used_at);
ALTER TABLE security_log
    ADD CONSTRAINT security_log_slot CHECK (slot BETWEEN 0 AND 9999 AND slot = seq % 10000),
    ADD CONSTRAINT security_log_kind CHECK (kind IN ('SIGN_IN_FAILED', 'SIGN_IN_LOCKED', 'SECOND_FACTOR_FAILED', 'TOKEN_REFUSED',
        'REFRESH_REFUSED', 'PIN_FAILED')),
    ADD CONSTRAINT security_log_newest UNIQUE (seq);
CREATE INDEX security_log_at ON security_log (at, seq);
CREATE INDEX security_event_at ON ledger_event (recorded_at, event_id) WHERE {security};
CREATE INDEX security_event_kind ON ledger_event (type, recorded_at, event_id) WHERE {security};
CREATE INDEX security_event_name ON ledger_event (lower(coalesce(payload::json ->> 'username', actor_name)), recorded_at) WHERE {security};
CREATE INDEX security_event_address ON ledger_event (coalesce(payload::json ->> 'address', ''), recorded_at) WHERE {security};
ALTER TABLE operation
    ADD CONSTRAINT operation_document CHECK (document_id ~ '^[0-9a-f]{64}$' AND document_id = encode(sha256(convert_to(document, 'UTF8')), 'hex')),
    ADD CONSTRAINT operation_words CHECK (name <> '');
CREATE UNIQUE INDEX operation_once ON operation (document_id) WHERE retired_at IS NULL;
"""

# What of the ledger touches who may do what.
SECURITY = """stream = 'registry' AND type IN ('ACCOUNT_CREATED', 'ACCOUNT_CHANGED', 'ACCOUNT_DISABLED', 'ACCOUNT_ENABLED', 'PASSWORD_SET',
    'SIGNED_IN', 'SIGNED_OUT', 'SESSION_ENDED', 'REFRESH_REUSED', 'SECOND_FACTOR_SET', 'SECOND_FACTOR_REMOVED', 'RECOVERY_CODE_USED',
    'ACCESS_REFUSED', 'TOKEN_CREATED', 'TOKEN_ROTATED', 'TOKEN_USED', 'TOKEN_REVOKED', 'OPERATION_ADDED', 'OPERATION_RETIRED')"""

# What strangers tried is bounded: a slot is taken by what came later, never set back.
FUNCTIONS = """
CREATE FUNCTION armguard_only_newer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <= OLD.seq THEN
        PERFORM armguard_refuse('only_newer', 'A place in the security log is only taken by what came later.');
    END IF;
    RETURN NEW;
END $$;
-- Who keeps the accounts has no custody powers, and who verifies writes nothing.
CREATE FUNCTION armguard_roles_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.roles IS NOT DISTINCT FROM OLD.roles THEN
        RETURN NEW;
    END IF;
    IF NEW.roles && ARRAY['ADMIN', 'AUDITOR'] AND NEW.roles && ARRAY['ARMORER', 'ARMS_ROOM_OFFICER', 'COMMANDER']
        OR NEW.roles @> ARRAY['ADMIN', 'AUDITOR']
    THEN
        PERFORM armguard_refuse('roles_apart', 'An account of an administrator or of an auditor has no other powers.');
    END IF;
    RETURN NEW;
END $$;

-- Somebody is left who can give accounts back: two who take each other out at once wait for one another here.
CREATE FUNCTION armguard_an_admin_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'ACTIVE' AND 'ADMIN' = ANY (OLD.roles) AND NOT (NEW.state = 'ACTIVE' AND 'ADMIN' = ANY (NEW.roles)) THEN
        PERFORM armguard_sees_the_present();
        PERFORM pg_advisory_xact_lock(hashtextextended('armguard_an_admin_left', 0));
        IF NOT EXISTS (SELECT FROM account WHERE state = 'ACTIVE' AND 'ADMIN' = ANY (roles)) THEN
            PERFORM armguard_refuse('an_admin_left', 'The last administrator stays one.');
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER roles_apart BEFORE INSERT OR UPDATE ON account FOR EACH ROW EXECUTE FUNCTION armguard_roles_apart();
CREATE CONSTRAINT TRIGGER an_admin_left AFTER UPDATE ON account DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION armguard_an_admin_left();
CREATE TRIGGER newer BEFORE UPDATE ON security_log FOR EACH ROW EXECUTE FUNCTION armguard_only_newer();
CREATE TRIGGER ended BEFORE UPDATE ON session_token FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('used_at');
CREATE TRIGGER ended BEFORE UPDATE ON second_factor FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('ended_at');
CREATE TRIGGER ended BEFORE UPDATE ON recovery_code FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('used_at');
CREATE TRIGGER ended BEFORE UPDATE ON operation FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('retired_at');
CREATE TRIGGER version BEFORE INSERT OR UPDATE ON operation FOR EACH ROW EXECUTE FUNCTION armguard_version();
"""

# What never changes.
KEPT = {
    "account": ("id", "username", "username_key", "issuer", "external_subject"),
    "session": ("id", "account_id", "created_at", "expires_at", "address", "agent"),
    "api_token": ("id", "account_id", "name", "token_hash", "created_at", "expires_at", "scopes", "armories"),
    "session_token": ("id", "session_id", "kind", "token_hash", "created_at", "expires_at"),
    "second_factor": ("id", "account_id", "secret", "created_at"),
    "recovery_code": ("id", "factor_id", "code_hash"),
    "token_use": ("id", "token_id", "address", "first_used_at"),
    "security_log": ("slot",),
    "operation": ("id", "document_id", "name", "document", "added_at"),
}
NEW = ("session_token", "second_factor", "recovery_code", "token_use", "security_log", "operation")
# The column of the row that the event's subject must be, the events of a new row and of a changed one, and what the payload must have.
EXPLAINED = {
    "account": ("id", "ACCOUNT_CREATED", "ACCOUNT_CHANGED,ACCOUNT_DISABLED,ACCOUNT_ENABLED,PASSWORD_SET", "account"),
    "session": ("account_id", "SIGNED_IN", "SIGNED_OUT,SESSION_ENDED,REFRESH_REUSED", ""),
    "api_token": ("account_id", "TOKEN_CREATED,TOKEN_ROTATED", "TOKEN_REVOKED,TOKEN_ROTATED", ""),
    "operation": ("id", "OPERATION_ADDED", "OPERATION_RETIRED", "operation"),
}


def guards_of(table: str) -> str:
    """The guards that every table has, as far as they are new."""
    sql = []
    if table in KEPT:
        columns = ", ".join(f"'{column}'" for column in KEPT[table])
        if table in ("account", "api_token"):
            sql.append(f"DROP TRIGGER keep ON {table};")
        sql.append(f"CREATE TRIGGER keep BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_keep({columns});")
    if table in NEW:
        sql.append(f"CREATE TRIGGER no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_no_delete();")
        sql.append(f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION armguard_no_delete();")
    if table in EXPLAINED:
        names, made, changed, payload = EXPLAINED[table]
        if table in ("account", "api_token"):
            sql.append(f"DROP TRIGGER explained ON {table};")
        arguments = ("subject_id", names, f"{{{made}}}", f"{{{changed}}}", "registry", "registry", payload)
        sql.append(
            f"CREATE CONSTRAINT TRIGGER explained AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
            f"EXECUTE FUNCTION armguard_explained({', '.join(repr(argument) for argument in arguments)});"
        )
    return "\n".join(sql)


async def upgrade(db: BaseDBAsyncClient) -> str:
    return (
        TABLES
        + CHECKS.replace("{security}", SECURITY)
        + FUNCTIONS
        + "\n".join(guards_of(table) for table in dict.fromkeys([*KEPT, *EXPLAINED]))
    )


async def downgrade(db: BaseDBAsyncClient) -> str:
    raise NotImplementedError("Nothing is ever taken away: restore a backup made before the update instead.")


MODELS_STATE = (
    "eJztfWlz2zi29l9B+ct0V6lTaTvbOG+9VbJMO+zYkluS090zmqJpCpJ4TYEKScXRzJ3/fs"
    "8B91WkNlMMvtgkgANSDxaeHf85mZtjativ2tbctFYn5+Q/J0ydU7hI1LTIibpYhOVY4KiP"
    "Bm+qhm0ebcdSNQdKJ6phUygaU1uz9IWjmwzbthmB5jaxTHNOVDYmumOThWno2uoVudHneK"
    "uZS+ZABYV2KllQyzYZmZnG2CbmN2oR1TAIf6ZO7Y/kAdotTEu1VoqB9MrMXFr2A9FtIne/"
    "/PLhb/YrfLWxqcG76Wz6om+xZPrXJVUcc0qdGbXgXf75LyjW2Zh+p7Z/u3hSJjo1xrEB0c"
    "fYAS9XnNWCl93fy5dXvCX+wkdFM43lnIWtFytnZrKg+XKpj18hDdZNKaOW6tBxZLDY0jC8"
    "UfWL3DeGAsda0uBVx2HBmE7UpYFDfvL/Jkum4UgT/iT88+b/e68WaaYo3d5QGUhDRTlJzR"
    "B8hcRweUWayXB26cxBoP7zX7ffEBBeeoIP6Hxq9386e/czh8C0nanFKzlcJ//lhKqjuqQc"
    "9BBlDaZ3GufOTLWycfbbJ5CGF90Pxj48ewD0ZK5+VwzKps4Mbs9OCwD+0u67GJ9yjGHea+"
    "5W0PVqTnkVQh1Cy/9XgNZvvxto/YIQ23CHOji4v55+KIEutMqFl9fF8XX0Of23ySphHKVp"
    "IM7v3pSA+d2bXJSxKg6y7QAW2QhLbDnnKMvwRirTaArtgPhwUJ/07qRuxS2Y05wT/DtinZ"
    "veQLo8J+5/uP/U7l5LvS9SH8qC6xG76XU+X/b+ADr/KvnVLbUw3pVZF+/yl8W71KrI+i6n"
    "B1BmTs4KyaNPjCH8nn2N4embfS2WKb7CL6e/vnn/5sPZuzcfoAl/zaDkfcFwyN1hcnHoYw"
    "oskYtUBYxTdIfD9tcjgdYw2VSZLlllbNOEAtwkuOoSELH0f6v4IopFvy51i2aw2xemaVCV"
    "ZQOd30kC8EfoZV+IByWHZbgver0b7Hlu218NXiAPE1v0/e2FBFs337mhEchV2WPxdaka+k"
    "TXthqL/E7EWFQYC3joRLfmWw1Fbh9iJCqMxDdq2fhi5ff9CIXY8JNwwo9ylGoKlQjJLrUq"
    "Lywuba5EQT3V5ClTh4JQpaG9Mi2qT9lnukoJSQlAPdXjvdfNcUIalp4EahxLfQ4Ue9EJBb"
    "8dfjF1F39fGgz7cgemLEL8qGpPz6o1VnKw5vrJjC3ZI7v63KcG33vzcZahiwbhnPsF2xKm"
    "TqSrxsK1tB1zvILvtGZa420Bczvr876aipijPlGm6Blf5n1C5e0nR4WURadLQ7V0exeLsR"
    "/rrKmTy1+Ohs7obhbjje7qepuIFvxA7UkxTGdLqAbYz43ZJN4jhtPCMoGfU40tYbrzumkq"
    "TDrqfeEnKZb5vC2H5XXVN5+bihZUUXWuzKi6Ldsw4D19go4a9CFEVt48NSMsfIy5T1fNT+"
    "fJEpWpU/6T8Nn4pKiclOG64ctP+Y4bvqBWym3DtKYq8z64f7PJQrWcFlkCzpbrPaFalDkE"
    "u8z0t6hILhwlaiDjI6FwlBCOEg1zlBDK1JNdKlPdrbuiOjVGtMXuW08GYLf6VBerw2lU64"
    "npWoVqbEptoVJ13Vm35GJDv9kj239LcfvIpm0JULPmYnxD5L7C24rXvJMmTaB9ykAeWhlS"
    "UIhjvhy0CNuslYR6jHrO4K/Ig02tb7pGFbacP1JLeaIr7vENEgthpjVXDd2mY+K1Im4r7m"
    "/uDhaZmBahwFykJab9PGbERqzt+7I/684MWpEHdIVXHlVLAcEbKnjfcGtBnxMLHeShHmS1"
    "BXHMSOMlc3TjAeS6Fu/JXKKzPIp0UMxfDRphT4Y+gbkLj35Y6EyZqfYseHnVmprsVB8TLC"
    "XmhBfeyV331Z5nujYjFtUooG9DY0o8cw50J2TEmvAtrQIZMT5vq4g0acoGCjd78E5ObRSb"
    "g+5TN05g3z3slsqeqgDtt2/gnN69NmSiznVjpVRViiTIGgj1XnQjU/0bZRy1DP41H+0EmU"
    "C7HNoaoDH15MRNAkqi9HXG/KR3dSV3MGTEuxgxqXsjD4YYWeJfjVhH/iLfyO3uOfGvRmzw"
    "R68PBfxfkksuNW47jygZL52VgqE8y5wlsn7cEl0cMByo3RnKX6SKbKRHdU7c/yN2I7Xxlv"
    "+DIbof3EndSxzL4HLE5K5P5V9BS+mu3W/zUQ8u6zGoCRkoPbBD+j1HOZxButGA1lPVkYXw"
    "UPqTOzIHjs0+sj/dtv/koM9XXs1Nr3vtN4+MROemd5E3AlyCTA/AJSCH4YprBiGgTozB2C"
    "N/5V80a0TkW2kwbN/exYblEtYX1pzGhsQv/Sm5PoJOyB/y8BPBW/KPXldKSn5Bu+E/TvCd"
    "1KVjKsx8VtRxFBO/2C+K68g8XUAVJiNK04QVFt/TTt+W2dSgVe6uxuuEqUvEDRypnUvEDR"
    "wubsBRp1saKIbq9Pi2XBE0sHu4Hi1zOZ1lrFzhAR8HCpMHQScirKKE861tL6kSC6ne1iAf"
    "7aupsMXinrcE7PdoX00CbJ92aB5Ll2GF9mPs8m3Qut+ilAXappauGr+4lho6bkEBs3VH/0"
    "Z5xjLXZgwtAluxZwleUIvAyy8n8ISlBTe+afgjUGB2mgdiqyubPM+gW+gKSLNt04d+AWHr"
    "rQHv3iqw9UYHtarhMYu2zursOpkQ3GVW0czrUTQQ473Y1L19rDrIDZ7M+7CiaxWt6NrmVv"
    "SayQ8ibV3iiyh3lX6vd1vVUOWRoc2JX4yYPBjco73J/Y9mKeW2LXeHUrfd7XDjVPSe1w/7"
    "7e5AHvI673rEbqEDuXt9TrwLzHg3GGK2uwHUDoa9G8yZ5/4fsb7UwbR4+ODgcsQu5cGdm0"
    "3Pv6qH8ctz/FEfdUN3NjZGp3s54HwZSP0vckdqX9xUNm5GSNEsGdzACMu3MjdWehcjdt+N"
    "tY7djtjv922YLkO5izSRm3qMsmUu2VjhaY0r2AMSVIezCbze11a7Y5uAMLHsFE43+qKikS"
    "VGJMwsCUi5tqEiolEaAWix3YpjtQPDFSqJbv2+jhPYtdar6LzKMV+ld4MdYNu4eKwksLEt"
    "UBgGRXqsWiD28nacY5ln+7ZKuB+WHNNE8NUptk8owZeuRMYQwsw5ZRqM59KiGNxlMhpT/W"
    "ekCSlHI2wBNeCHWgW2gOgoVtHoJekaqDbdiw0gukI2tbsIvDfDW9i6RLjMzsNl7mRUJJ8T"
    "9/+I9eUrVDfyfyPWafcv5C7cexcjNvjUG17fo/7ZvYCS22u4u70esdt25xM0Unh95GbEbt"
    "r33c4njMrxr0asdzeUO3j2C/wbsa58/WmofJEHcg+Io3fQcshJ+b96KDhtw8zQbJZUXnu0"
    "tZ4WA/lSavdvYWDdC7RBdK/dkfWvYHr0pT8U1EvzY3vCmxG7lFBXfU7c//UYNE019IrB4R"
    "ESYftbb/tjdoZyuoAJsxsTwrTv0GT/OAvla9JXrrQNO7cHgf96/IXp5WRb00tKrV1GRygO"
    "HRBKr52gtk+lF6qhM9RdnnY6X9HleA1K5cRdqOjUirlNicmISh7V8RQuMfsS94M9RxdWnh"
    "aBq7Ic1ZpSJ/B55TmaNGj6SIlFv5lPXmKjVO7c/TxG6NFqrkcTOXb3GRvrLQVFzRAai4PN"
    "45Qi0LzOgeaCR9yaR4zxNmgGqrj7hyQi0W8idTLPxFg1dXKUSCBanDo5yOy5pf9I6XSs9U"
    "R1ffLk6KQq4Zjjh6vtwOWpuaBGdr7KHjn7FI3amuvPmyEe+VWtIhFJjTRaKyb9MTMJNLBf"
    "keGMElszFxTjAR+4w5JO7QcunsDksLnF/4HnlnYLH6lhPmNKWYPaSGEYSkD1kTwsVNt+Ng"
    "GMIKlskFAWqRmXfXSGWWVTUlUt3moEXYAgZ70i8Dq83IbVY2MtQE69GEibPAFzA9Lbijxw"
    "1YLlvscD/e5Qi6mGYi8f/4dqzoOQ6urySWoVSHVLG0etWjbLKE2dTVS1MXr4gFU1zyfpGi"
    "dK7x7q2IZXBesUYfNsHvtRXJhGVnbWtmWpq7wgHiMzMauh20ecKilTPyH9Ofznv5IxJZFP"
    "dIYivuj4+iSpOLW+wqn1+ZgXzNUCtJs3XZFdSE3XnNNVCjALKA4IWIQVe1zqhqMz+xU+7y"
    "W4sUwY50vbUbSZyqZU8T81FVd/XhdiF6iwC7gySxXGIKQQHEEpjiApCVYBO4tWwF4K9qPL"
    "qrCb7N+X8gDj3d00BvwqqV55GVdCYeo5eRF3IM0w7cPnNazZdlPeM0jgtBYni06Xhmp5x0"
    "VvCVg/1llDERtTTbe3x+rOMhemrZbhZo8RpYX38wRKRSipC11xzCe6tdfiQh9iN8crshfj"
    "ZMMWzOCrqGqOaW2J1YD3dcW7ai5e9g62qIHbS5NA2qetN5aBPMPgm8xQnm/11ZIt15p+0b"
    "SKSa+phSd8hqd3EtU/1tM96dM79hPQmKkOv0PLOXkGmrGlPrMWurryOt3hpfy4MYIApf1l"
    "D/VQYWc9hB5qm9NHHVgRW0jn09pbW094UkMvtyEmHRze41lp7v96yOTB8tvAzTZJuwNH25"
    "p+EhrhaSsytzXLP7SZkLq5mypCGiMSkBb73FqBZmpL59CmZshqJdxEY7NLJMU7cFK89H67"
    "A2RLu4sfK7Jl/MVfxrk5vmtkSbzJbaVA5I0l/Csn9KJnMcqfeIaJrs24VNkitg7zBU81Ab"
    "nycQUX6Fg8U9n4FekYcD0mJjRoee7BrssBiKwTJytP2u4fMWIj9mBC+RhEWt4R91xGqRhK"
    "CHLX6AbtPg5LJxRoUSp24D0CMRkFbvSToPDMh2eqLmAaKRoM6QMxdGp7bs8ED2sllmnOsU"
    "ODhsK3bo+YuXSA2KLO0mLA+jtm8CYhmSuym+ZThJTxeFfdsYn5zISEXhdGoVUgoXv6GMU9"
    "RaiK00KasnGOum/KJNB6k58/600qfZYHWob6VZ/m538PiQ5nIt8nyK6V/O+np2dn709fn7"
    "378PbN+/dvP7wOzOXpqiK7+YV8jabz2CDk+EC5yGXO8vUKqXgPtdZKDaXbu16/3f/rnASX"
    "I/ap3b1U+lJHku+G5yR6N2LSrdS/lrodoAgu66G/4rBvoryKEQrNVa01V8j0VB/hkEpkAK"
    "jz6KJhVUcAFGAtN91+U53Uegf+UY60YWaW/+WQfs9hZvz2TfBvXRMEE1udPoY/3bb//Dm2"
    "QjFtpN88gnnnpneRtORwGXITM06UUGyVtd4qcagUi6qZWrCSO2WijxqvtRPXUuqe0uZejR"
    "g/8e1K6vPD2yI3xQe+XaLWq/cXd4r2L0es0wPKDt9vg8t67Jzh90zffKQTfdR5pH+UL+Kj"
    "ZS6nMyd3Ded/G9OUNR7P2n4lXb2lUpUxSZAJ5DdAHg8qtOF5Fs1Q3hafbxgh20jJVTPod5"
    "30K+r5p/gpizPUiEWhlLl9iFjKCrGUMRNNVUY8RSyY8Toz41H7WRXbSJKuCR+TfecwEaGD"
    "O/1gCFfAnfut+ez5Y1VYU4QiZWSmYqsysEk6gWscVzcIoyKoMSKxCWRbIytP1SSdmKo1yW"
    "rczGm6WFoLVAJX9FuPUYkpmqVY4g5xlZ3Xk5QC20IHduFfvS//6sNmjT5WVNenjU6zWTtA"
    "tfE+6zHeskw0gPtB2gW0YU9Hub+uDweIfbvL7AQ+R7qLbTZMR95MdJPsewl8A+FU4Lse36"
    "QkXwLfUKtyyJ33SPFNqaBKABzhWg/JiR0pwmkev3JMVra5b9tkZYmcIQ3hLGqUrOwoIfPj"
    "6gyd7Sgd3g301CS09hkh6XOjGbGREUY1PyoywheXOCWTjJfOiuCovSIPGgzN1Dtghc4XUD"
    "GnKrP5MZUr4tWuMNQQhaCMwzC36Y0HORqmOjaXDg8qfMYwwqlJbTcjkHeYJrZXA+pzQpmD"
    "j+DHwPilDy08KsbRNYN6h7F8XarM0Z3VA7wXGtln5tKyvadQPLMTel6YlmqtRozzc164Ir"
    "YY44auTxJBjmN8MWY6RDUM85ngaTMirLEu6iMkFMd2HvzE76rn5jT4zJxfT8sEiEKrfO/R"
    "01SIaLijplEuOH8gTtb4UxsyDxnxXkDZPtQzu6cDpgkPojYr7ruNivwMPuLpYcx1CorRCE"
    "/StGOQx32lIf1t0OtmYxohSfor6ppD/pf8KIecIETYc77XdNJBOsG6YAdJr2nh+Lb1/E5Z"
    "EkvpWGKZZURK+IMLwQlFS4YsnFbF5IvEVrrtesmYRYQ9czLRNS9lrWHi6fIEZFOQSOmcWj"
    "Cc2oq4UiMKmzZ1QDp8ZiBarvzstJY+nTk8Zy2XankaW5NB+0fYPKFRhix9+OcL0bXmoutB"
    "A6qPjOMv/vZuFCvmbRobhVWnqUWWkVrHcwineJHM9RggDbeVyn7GmcTC21Cky92trVuky6"
    "2HO2d8ue8C4aZ7GmVukHVMn8vt6fnJc31z+/rUuYbfskTiXJAbue3VMEGApAzulk7MNNvi"
    "4icXMB+pprpJaXXnI3nAPLeAKYY4P3i0LDznhZt1HZNfMxBm/JNgslLrvsxLCMm4Bl/pVo"
    "Fk7PpgVtCThgRNypu6M0uA77FWAdEoyeEwfX0kgNLvC4rbTwVAoyQC0LStys5QyuSC6TcX"
    "QCaBjHwWK+CZoBKwZs3PDfJ8JciakB3k0IpbYTTd6UQWitGda/FAeKmIZ0ghwBRaZqEDrb"
    "seSehA66EDhX1zB7AOHFN7ujGPUTFQFtjwA1MrfWeAfIayMzoq+ZpOG1sp3jwoExCDmkVz"
    "Qrh3jBtDgqdXubeeP04LS9zUpOhSs9CpRu1X5GGiO5mxLsycU6YZqrO0aFbUzL4fiaE1fV"
    "RnfqNjHqlCxrq94IeO6TZRjWd15YXbwK3J+LFkLa5ZhRuuKWsRXxvB1asopZCf5O6XX359"
    "/TO8haGC1AIPZjiJghPBeAE/DWzEgNyA6edWeNE4GLaj8pIV/FAqNK114QVaBZpWb4Kmoc"
    "4P84iQNMITSYTRHHcYzRP8tGx810d/+LR1xvqkfXt735WHcq97TsLrEbttX7f/IXelc+Jf"
    "jVi705EGgx4GhQSXyU/Uy4R4IEtS/ezBOFWdh2nDJbH79Lpjc6xrVTAOCJqgnoyjW2a7yd"
    "9sUlsNsmdpZAti9XyCxkfpIauRitKzPCZ1I4fbGKnwtq21t60/WpXsyyGJsNlnKOp9ma4C"
    "plESYcJLHefAFJSEK+AZoRBTNAvRpaPggVSoUqgCa4JMTFXhXiLcS44EyKhqsJLJM0kozH"
    "TCMi9yTdfUflTGMFcl8l7knssBfq9h9+0lAGnp/86Nuo83aBUZ3tz8OGqKoIwJDoYMDWJo"
    "K5rDZ4BaJNYPTypyTlSy4KlZoc2KjGE6hjEAJlCwVSRhXNQe1iITy5xDISoDWtjJTF3YZM"
    "kc3UCrW6aJ7oVfCU14f/AwB0xzB+Ps6jgfvBx1KvHOFSNYSX66bBPYo+bk7P2bv/98Tuyl"
    "ZSGzZ6H9bop2OIf/EpfIDZmYgnDNCM4jL/edsMfV5QvVKrDHfVMNHXZTmD3ZGrMcj8cYVZ"
    "Gy7Hi3ziygUfmVdBflUPCVVh3BgGxLCGumE6+GYGQ/qmJFSJA1z5awe0uNRb9h8peN1ONR"
    "SnG0aJ2V48KB/WSXGogXOz7seJZIBaUD5/QrwhmlEXgmTmPj8kLVw9iiREKJU6zEWQTnd2"
    "ypxGn8EUyxaVXCu5rjsgNg8cSwW7+vo9wE1kIb3QJrdxTbkWK6/iS2l3Fa/30JsuFE13K1"
    "aPEGrSIt2tdU03KZOgJFFKaMtGeYDtIxySNmfDQoXo7NFlmiSghPU4Dncj/tmE4KdUmMWP"
    "TrUt9EZ/ZyryF0VjX4ILcKdFYvewRDrXQEu/ce93YMDM7PYHryFVpJuh9aKUi/L2C3sStC"
    "GKf6kVWCQlElFFVCUVVRUSVUAUIVUBfZqowq4GWkqzvLhEFXjZMMwSqoaxWekBdtVcIdQT"
    "Pnc7SQgwjjpdNXbUzBPzGtVphA0E3aYwf2dd15Rf6YmRiOS8ZU06Fb31jPTJRLUNTBJP0m"
    "cV8Io3G9qNrTs5+znBBe5kX4wXyqNV2CTIbBxqpF+XO8t/mbTUCs857vBh9bdEItEODwXW"
    "zT+EbHH0nYgwKy4MwPEtYtMvjU/uX07TshutVlA20Vim580LOlt/XhkxHyOgtzJ/JgcC8p"
    "8lC6HZyTyM2IDfvt7uBK6vuV8fsRa1/+dj+Ajoe9zudzEr0bsU6v35c6Q/98LaBOliQXfR"
    "kRcveRl8FSTQ9zfuayGFGdB3cnrPo+EpfFd8g09hc6U62cuME0bWIIHleO61DZnEG48E7R"
    "CgYBxuBC7rb7f2WPwkXGqVsXfw2ldkp4rZq1b8uEfUeE+V4mPmaRtPTxmFYCPU4lgN8AeJ"
    "/f20BPkyAV8ba11tQEo/W4UqqmF8mibcRqO0CqEV8jXH19xSnF8qr18gJpJ+tktnIyUUB8"
    "wDOE76Tupdy9rih7+mTnxLsAcefurt/7Il2CqONdjVhf+g1kGizzr+oh1rjKj00+dnFKYZ"
    "So81r0x2qDL10GafO80vfynUPk0LCjVD2iMkXYBMAPzcYLO9yJyHh++Llcwcs5srNWgzVF"
    "KPzHc0T4ytCmKQW2IhvAi6TpjkzFXcDb9HMK0yu3BMbhTiogXg9x6rtTKx+I9kIfmk80O0"
    "WDX9cq8oFQF7riBM1KOEHwxjwzgIpuAlNLnZ97Ht0mTJUWsR2TpxfAZASeSR9qjNUrIjtu"
    "OgTTyzHu2OTB1kzYlB945gEsUN0JRVTDMJ95snOYdrafciGpP3jp9xkxr/5vdpii3XZ91x"
    "/45qdjZzgyNs/8APTQ00fPUf1happe7PgD9D0JHTHUJ+6cYZOFoWrCm702XEGL5LtEiHTd"
    "e4x458t8A3t4nE7Ywlsb2sI1iyI+G+hM45TCgFFrpamwU/0QwyzCMn6EUXZ52fQIF6SdD0"
    "kan3geVeqpxPM+z14JtCjRZrAdzyLITNcfijFVt5M4pdhO6rydeKJuVXtIjEoYRNaolkN9"
    "2sE0czUFdr1yOTaztsg168qIS3vbRLNc3XZvHzFze9gssx1zvsARG/cpgGA7JxlazFSbVp"
    "E2U/NbK1akeQmtptfc1dzZS02jdEzH5zy+yYY3Ig9eC3n84Kd/5eXQr2nxrBbMJDYFAMeE"
    "TiZUc7xsqtSxI62Z/UytrJCuw79Ahj7xnye8N+WJctuA90RcYP8SqsY6qRpjw1RW3xgjEk"
    "rHUmk2gwVQYVLHqQTHk9QkFkUO5qgQjyNasDbzVgSQ1UNp7n5t0/gXBE8GFI2Y6Id2gAz5"
    "vw3sFAlaocKunTYiJTi/jNdFH7hszG/QwXRkGTJLrL5QXrG8loqf2Wy9rDLQp8x2j4XXKE"
    "+2gOezI4MPj/mY7+2Qkjm26Uj4ItSCqSrOrLfBxz9GJr77m373l5uF0i53GkYrNOF704RP"
    "XFG62lYWIxJSYbEe3AVrB2rwAdeIXQXdHSe4a3XhsclVKxfV2ABkMEvJAcpnllzlphJOjZ"
    "IpkOfcmdLNVIU5r/DQLcZP7QIxFzMqo+/oYkF+6l91yLvTsw8/fyQP/NRJ26ELL0EV9ONp"
    "XRl9RkVtmKQY82+hwybLyX182OcL1qwGO1sRawbT2KIZvEG++iukaIRSYN/aL+Gq+EMwYf"
    "DTJro131DXE6cV7HadRzr4FmYJs9P8s7ijZI05kPvvp6dnZ+9PX5+9+/D2zfv3bz+8DsKc"
    "01VF8c4X8jWGPMdGNeNAebZZpowonVhddV5dwq1LuHXVSZTdmVtXTLm+pWtXUqXfEOz36t"
    "41oLadc/CRX9UqlvfDRiVcuGxYR7/ozDsZCGMnH+lUZwxwwQOGsAA+Sq5HFff445K4yShP"
    "ZK1Cx3PdWLXI80zXZtjUxlTYRuYp4Ht9lpDga7CZtwokePi4QuOMHaXA9yokOWB2t33Bun"
    "f/FUCjkoYkIGgcuKevX5dAF1rlwsvrhIbkB+TsRTDnjzHMQkRv+AgLEV2I6I0U0T0Rz81A"
    "tKWI7smUQc6jhmB/CBE9N4dUEtO1wnq1XFKPFMRhy0vhhGbxULDOcz88R/kauuUOizylkn"
    "uOMP2uzVQGP9J1Z8R8UK6x/LtDnGczS4g/8NOFWF+DD0CrQKx/0jc/z8qnrbOB/qTd6UiD"
    "wTlx/2N+9ivYrj9henZ+kVwjZeTT3WdnF5meRKan4xuNo5MphHLghxhm4Yre7PH1+e5qLG"
    "KcSqgGilUDEUPk1t7oQU/HCexa1UB8ZtXNE31p6c7qxpyeZDuiB9WtNX7ovKFieC3LuaFj"
    "IxARLRtw0zG1h0oQcZQ8bcN0bJ5c2DUIR9y8ncB5nGcC9p3ATQMe4eQ4nO/rSVtIsPjc9P"
    "rJdd3zm+/Ga2+9+LpPb+edHEpS5E7+NUtOyneL9AgO5xC5f3AP7BNZnZ0SrPIRsFKN1/8M"
    "5OuuIneVq7Z8g6fyxe9HzL+/6XU+R+vde6iXOr3uJTTvDHv9sJeM0hEb9j5LXaUvXd0PsF"
    "HsNtA8hfWJghG7i7xneL2JhurstISG6uw0V0OFVfH1LxK979P350icq44Y4jF11KxUrUUH"
    "IvoUDQT49G0ZHTa0ynexesu12DVJTxKkocwQcqIpKvMlnCAhZjnx5gqdYF15wluKIEiojL"
    "TvZM+6hiGqqFJyUxI+z/DEFt0CoQNvMU4nLcnsqlNhdquBcqVIgBEb/t43fL4slA1VwSli"
    "IcbUWozhYY8bjnWSVgx1rYfa/U5X+0xFaYTiv1jxHzgzbesRGDmK7zhxXav3j06rWmn9ew"
    "uEOycOLaws5IfNWLMSjm3XlrqY/X5DAF+eTNVN1KLb5InhwYSPdAJTaAZ8aos8rriaPfAy"
    "m/DoMYd+z+CJd9mx4ItrsPcU8cX+EGfu7wWiepxM8Mcl+GOh0NuntsmbkGmA89MgR2kaAX"
    "IR17mPRMjARG4kAETpBPNfa+bfgkGwNjzDL0op/LvqPMrfqJXte5Rr349QHM7G/+u+Pk47"
    "8J6oiVpeni9MCw8y4iOdEkWi1YXCiO41VCyvZTn3I5VAey/3JFUtQ6cWsVe2Q+cgNWjwLi"
    "1im644EZwWhBQgWzAKc4o8WuZyOnP4EejPupaRF2OPz9nG9chcWlol9i6k2A3v8bL+R4lw"
    "jTLpBKBVQcCGl06gwCVp+fg/VMtJ4LDelyJCXmfe7+S+Kw/PCf4dsXb/ttf/65y4/0fsTu"
    "oPet1z4v4fMXko3Sq3vUvp5pyE1265WzJiw/b1OYE/QH3fv+sNJCB3L6D/++GnXl/+R3so"
    "Y7ex2xH7/b59I1/JHa82djtinfvBsHf5l9KXOr3+5TmJ348Y3HU+Kzc9+DHBJbxDvwePbs"
    "P7+lfwFp1O77475BFEeDFiPfiB3lODS/hVt3e9PjRz/yf3iVI22TJiyGm+GHKaEkO8WVXV"
    "UTpGJfSlCVCDb1F1JjRBKoSNWrOh/IjjVdUEBFEisXbW5B/gYO3C2BB0dJywrs8+EJ1Wtb"
    "I13NDxlFrSN8rfPcXiR6sLWXyDN1Ro0HIti99jmAyep59DznoGfcPgj1+RAf3aIpgJ0Rpj"
    "QLvTIguLftPNpY1nhs64r4x7YQEzTh3fbIDM3aNq04+EmW7HboS7TdSJk3WE6Yu8QeYZpv"
    "BOVJ1jNbq6lz65lKNdcYeL0ggLR+VM+MFAlZbMAoo6SwYbymZnZdwQz/K9EM9SofQiNuTg"
    "sSEcs8wZvV7w9WnrPLe51Aui47U8GEp99M5PFIwYL4Ap2b0Oqr07X06O0aeKglZBH/F7X7"
    "qO9ZIqCloFvcTvR+zyfviXAozx8H4QNsoo5O8zUC7afQUF2oH3RrGSSBsQvYexJm6BG9IA"
    "qLrxDHCRkOqV636761JmFSdb96Uvvc/p1l5xQifgyfrYPLs83d7rPbM4qs+IjUJmcax1AH"
    "S6LNB7xAc2VRa2C4c2XuA9MfVmqXeKv02ceiB1h8qwp9y2YZVL3Xa3I3ntMmo8mot257Ny"
    "1e/dZlBl1nl08mBwH7yGexP8huF9vxv5Be6tVwsvDIOn9L5Ifa9BpMRrM2xj6E2kSVgQ/a"
    "Wferex34f3Xn2735e/BK/g3eH6kRTpT/ghl+7CCe8wwKcjyXdD/hSowQCfWEHYotPrXsn9"
    "WzcIKFEUbdWHy2G8lVc0YtKt1L+Wuh2+i9zftPsyX6SZxb6+i3fDf1X83q9vX/52PxiG9f"
    "69Xw8LeHgTVnu3vt6MT0rvKtSlKe07uPwSVkaKIq360m/eb00VcS2h0h5gaBaPq4rcuXXB"
    "yo3cBJo7pdOX2u4eEy+ItAg23XhB2OJSHrQvbqJN/JKwDczueBOvAH4lvO4fsOd4W2Hkzg"
    "1Ag8krd93YM34ZlPbuh0ExXGM4Gvxw2JS8CRi7jYaYJSPM3ACzeNgaf5lUUbJVX7p1Ry+z"
    "mM9WnN/wpYJ9TfGfmyzjKMHLhtFv8Xs/eC4Yq9htEFrXG0ZrvVu/Nhp1F+0znB3R24geF+"
    "Y5RzNREG0Be5Dcj7fxikJds6v5lSLaZizZRBP85kMJrvjNh1yuGKsyNcHCPCHME8I8UVPh"
    "bUfmCYfOKyIaIdkCzuNxiKmA5oJaduVMQzEigWgCUXVlmGoGnvmekRGSOn996usYyc/J3S"
    "bVQ7yHOg/CSfqDCGzroHcDn27vAj6vfw34R979v8nHcPcpQDc5XntHp2s3cp9xsanq5R6n"
    "qvNE39QZ6rSMbAGt8qfuaUq60Cw6xnOdVaPiBE4RilkcR/ZZdxi17YqwxqkEpnFMLQo/xq"
    "4qdsSpBKYJE5ClMlvVnEy37SLrW4JQWOE2tsLRyQTEYv0b3SS9cYJWeKbV2jPN9yzZKA4m"
    "RioGutYDDWMFA+ZkJIop4KkiNOIzlVA+eF5YGxy1kCIVpy20yGanLVQHX2C+CeY1CQIbcA"
    "e2T1SN+x6ma1uFGah5O2XmN1zrHjqcUZ4RjXCHRe+wI96JmzzN8etht6RABq89f6SWnzRC"
    "teY2sUxz/ooMI56ZRDXwSOO5+Y3a0C7tE3q4x24TH/biXog1ig/blQ/iMeerfr0vpF9EFB"
    "IfmMN/1L3tLOtAw4KJHqUSs33D1OwvGafUGDGhVmFK9UT1iKOU2tTStVkW/+nVFPKeathm"
    "HduZj+mOk4/lbqmZSzpjM/UGsL5M2p4PEcnNMpLPBOenGWmCafD07dsyHl5v3xbkBH+bMm"
    "vDoqqAsNe8gej++rpUForXBVkoXr9OGV5N5mSmGftt0OvmqQcDkqTyV9cc8r/E0O1jNLoU"
    "gItgxFjelFNN0n8mwSJgBxcvrVD57/8BpKZBsA=="
)
