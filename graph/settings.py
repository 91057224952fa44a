"""Every setting of an installation, read once from the environment (`ARMGUARD_...`), with units in the names."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from graph.errors import StartupError
from graph.words import Role

# Signatures that whoever checks them could not have made: never `none`, and none with a shared secret.
OidcAlgorithm = Literal["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Roles = Annotated[tuple[Role, ...], BeforeValidator(_several)]
Codes = Annotated[tuple[str, ...], BeforeValidator(_several)]


def _parted(given: Any) -> Any:
    return tuple(filter(None, (part.strip() for part in given.upper().split(",")))) if isinstance(given, str) else given


RoleNames = Annotated[tuple[Role, ...], NoDecode, BeforeValidator(_parted)]
PREFIX = "ARMGUARD_"


class Settings(BaseSettings):
    """The settings of one process; frozen. Unset ones have the value given here."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to serve on.")
    port: int = Field(8000, ge=1, le=65535, description="TCP port to serve on.")
    workers: int = Field(1, ge=1, le=64, description="Processes that serve on it.")
    data_dir: Path = Field(Path(".armguard"), description="Folder of the embedded database.")
    database_url: str = Field("", description="An external PostgreSQL 15 or newer; empty for the embedded one. Serving works as its user.")
    owner_url: str = Field("", description="The same database as its owner, to migrate it; empty if DATABASE_URL is the owner's.")
    broadcast_url: str = Field(
        "",
        pattern="^($|rediss?://|postgres(ql)?://|memory://)",
        description="redis://, postgres:// or memory://; empty for the database itself.",
    )
    limits_url: str = Field(
        "", pattern="^($|rediss?://)", description="redis://, to count for all processes together what is limited; empty: each for itself."
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Web origins, other than our own, whose pages may use the API, such as https://board.example, with commas between."
    )

    pool_size: int = Field(16, ge=2, le=90, description="Database connections a process holds at most.")
    pool_wait_seconds: float = Field(5.0, gt=0, description="How long a request waits for a free connection.")
    lock_timeout_ms: int = Field(3000, ge=1, description="How long a command waits for a row that another holds.")
    statement_timeout_ms: int = Field(10_000, ge=1, description="How long one statement may run.")
    command_attempts: int = Field(4, ge=1, le=10, description="How often a command is tried on deadlock or a lost connection.")
    connect_timeout_seconds: float = Field(10.0, gt=0)

    session_hours: int = Field(12, ge=1, description="How long a sign-in lasts.")
    access_minutes: int = Field(15, ge=1, description="How long a token of a sign-in is good before it is exchanged for the next.")
    refresh_grace_seconds: float = Field(
        10.0, ge=0, le=60, description="How long a refresh token is exchanged again, for two tabs at once and for an answer that was lost."
    )
    second_factor_roles: RoleNames = Field(
        (Role.ARMS_ROOM_OFFICER, Role.ADMIN),
        description="Roles that sign in with a code of an app beside the password, with commas between.",
    )
    standing_seconds: float = Field(
        2.0, gt=0, le=2, description="How long a checked token is believed before it is looked up again; streams end within twice that."
    )

    oidc_issuer: str = Field(
        "", max_length=256, description="The issuer whose tokens are accepted, as it writes itself in them; empty: none."
    )
    oidc_audience: str = Field(
        "", max_length=256, description="What those tokens must have as their audience: the name of this service there."
    )
    oidc_jwks_url: str = Field("", description="Where the issuer's keys are; empty: where its discovery document says.")
    oidc_algorithms: tuple[OidcAlgorithm, ...] = Field(
        ("RS256", "PS256", "ES256", "EdDSA", "Ed25519"), description='A JSON list of "RS256", "PS256", "ES256", "EdDSA", "Ed25519".'
    )
    oidc_username_claim: str = Field("preferred_username", min_length=1, description="The claim with the username of a new account.")
    oidc_roles_claim: str = Field("roles", min_length=1, description="The claim with roles or groups; names joined by dots lie within.")
    oidc_roles: dict[str, Roles] = Field(
        {}, description='A JSON object of the claim\'s values and our roles, as {"arms-room": ["ARMORER"]}.'
    )
    oidc_admins: bool = Field(default=False, description="true or false: whether that mapping may give the role ADMIN.")
    oidc_armories_claim: str = Field("", description="The claim with arms rooms; if neither this nor the next is set, scope is given here.")
    oidc_armories: dict[str, Codes] = Field(
        {}, description='A JSON object of the claim\'s values and codes of arms rooms, as {"/north": ["NORTH"]}; "*" is all of them.'
    )
    oidc_units_claim: str = Field("", description="The claim with units, each with all below it.")
    oidc_units: dict[str, Codes] = Field({}, description='A JSON object of the claim\'s values and codes of units, as {"/wing": ["WING"]}.')
    oidc_leeway_seconds: int = Field(30, ge=0, le=300, description="How far the issuer's clock and ours may be apart.")
    oidc_keys_minutes: int = Field(60, ge=1, le=1440, description="How long the issuer's keys are believed at most; it may say less.")
    oidc_keep_hours: int = Field(24, ge=1, le=168, description="How long keys are kept while the issuer cannot be reached.")
    oidc_refetch_seconds: float = Field(10.0, gt=0, description="How long the issuer is not asked again, whatever tokens come.")
    oidc_timeout_seconds: float = Field(5.0, gt=0, le=30, description="How long the issuer may take to answer.")

    overdue_poll_seconds: float = Field(5.0, ge=0, description="How often this process looks for receipts that are overdue; 0: never.")
    proposal_minutes: int = Field(60, ge=0, le=10_080, description="How long a proposal waits for a second person.")
    sign_in_attempts: int = Field(10, ge=1, description="Sign-ins of one name from one address in five minutes; a good one begins anew.")
    address_attempts: int = Field(100, ge=1, description="Sign-ins from one address in five minutes, under whatever names.")
    name_attempts: int = Field(
        100, ge=1, description="Sign-ins of one name in five minutes from addresses from which its owner never signed in before."
    )
    pin_attempts: int = Field(5, ge=1, description="How many wrong PINs of a person are taken before a wait.")
    pin_wait_seconds: int = Field(300, ge=1, description="How long that wait is.")

    request_seconds: float = Field(10.0, gt=0, description="How long a request that only reads may take; a command runs to its end.")
    address_requests: int = Field(
        2000, ge=0, description="Requests from one address in ten seconds; 0: any number. See graph/transport/limits.py."
    )
    account_requests: int = Field(1000, ge=0, description="Requests of one account in ten seconds; 0: any number.")
    address_sockets: int = Field(500, ge=0, description="Sockets and streams that one address has open at this process; 0: any number.")
    account_sockets: int = Field(50, ge=0, description="Sockets and streams that one account has open at this process; 0: any number.")
    trusted_proxies: str = Field(
        "127.0.0.1,::1", description="Addresses or networks of proxies, with commas between, whose X-Forwarded-For is believed."
    )
    body_bytes: int = Field(1_000_000, ge=1024, description="Largest request body.")
    query_characters: int = Field(50_000, ge=1024, description="Longest GraphQL document, in characters.")
    query_tokens: int = Field(1500, ge=100, description="Longest GraphQL document, in tokens.")
    query_definitions: int = Field(50, ge=1, description="Most operations and fragments in one document.")
    query_directives: int = Field(60, ge=0, description="Most directives in one document.")
    place_directives: int = Field(5, ge=0, description="Most directives in one place of a document.")
    query_repeats: int = Field(2000, ge=10, description="How often a document may ask for the same again; see graph/schema/shape.py.")
    query_depth: int = Field(12, ge=4, description="Deepest GraphQL selection.")
    query_cost: int = Field(20_000, ge=100, description="Highest cost of a GraphQL document; see graph/schema/limits.py.")
    query_aliases: int = Field(60, ge=1, description="Most aliases in one document.")
    input_list: int = Field(500, ge=10, description="Most entries of a list in the input.")
    input_depth: int = Field(10, ge=6, description="How deep the values of variables may lie.")
    input_values: int = Field(10_000, ge=100, description="Most values in the variables of one request.")
    persisted_only: bool = Field(False, description="Take only documents that `armguard operations add` has made known, and GraphiQL's.")
    explorer_roles: RoleNames = Field(
        (Role.AUDITOR, Role.ADMIN), description="Roles that may ask for anything all the same, and see the schema, with commas between."
    )
    command_lines: int = Field(200, ge=1, description="Most items in one command.")
    compiled_reads: bool = Field(True, description="Compile each read into one statement; off, the answers are the same, slower.")
    page_size: int = Field(100, ge=1, description="Largest page of a connection.")
    socket_operations: int = Field(50, ge=1, description="Most operations at once on one WebSocket.")
    socket_bytes: int = Field(256 * 1024, ge=1024, description="Largest WebSocket message.")
    socket_init_seconds: float = Field(10.0, gt=0, description="How long a socket may be open before it says `connection_init`.")
    socket_hours: float = Field(
        12.0, gt=0, description="How long a socket or a stream of events is open at most. Its client connects again, and goes on."
    )
    socket_ping_seconds: float = Field(
        20.0, gt=0, description="How often a socket is asked for a sign of life, and how long it may take to give one."
    )
    stream_pulse_seconds: float = Field(12.0, gt=0, description="How often a stream of events over HTTP says that it is still there.")

    feed_poll_seconds: float = Field(2.0, gt=0, description="How often a watched stream is read when nothing wakes it.")
    feed_ring_events: int = Field(4096, ge=16, description="How many recent events of a stream a process keeps.")
    feed_heartbeat_seconds: float = Field(20.0, gt=0, description="How often a feed in which nothing happens says where it stands.")
    feed_page_events: int = Field(500, ge=1, description="How many events are read at once.")
    shutdown_seconds: int = Field(5, ge=1, description="How long a stop waits for requests under way.")

    @field_validator("origins", mode="before")
    @classmethod
    def _origins(cls, given: Any) -> Any:
        """Origins as browsers say them. Any (`*`) is none: a page of strangers would act with the cookies of whoever opens it."""
        return tuple(_origin(text) for text in (given.split(",") if isinstance(given, str) else given) if text.strip())


def _origin(text: str) -> str:
    parts = urlsplit(text.strip().rstrip("/").lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.geturl() != f"{parts.scheme}://{parts.netloc}" or "@" in text:
        raise ValueError("not an origin")
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.removesuffix(f':{default}') if parts.port == default else parts.netloc}"


def read_settings(**overrides: object) -> Settings:
    """The settings of the environment.

    Raises:
        StartupError: a setting is not what it must be; names it and says what it takes.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except (ValidationError, SettingsError) as error:
        raise StartupError(unfitting(error)[0]) from None
    if wrong := oidc_fault(settings):
        raise StartupError(wrong)
    return settings


def unfitting(error: ValidationError | SettingsError) -> list[str]:
    """What settings do not fit, and what they are, a sentence or two each; never with the value, which may be a secret."""
    if isinstance(error, ValidationError):
        fields = [str(each["loc"][0]) if each["loc"] else "" for each in error.errors()]
    else:  # it takes JSON, and this is none
        fields = re.findall(r'field "(\w+)"', str(error))
    told = []
    for name in dict.fromkeys(fields):
        what = Settings.model_fields[name].description if name in Settings.model_fields else None
        told.append(f"The setting {PREFIX}{name.upper()} has a value that does not fit." + (f" It is: {what}" if what else ""))
    return told


def oidc_fault(settings: Settings) -> str | None:
    """What of the settings for tokens of an issuer does not go together, in one sentence."""
    if not settings.oidc_issuer:
        return None
    for name, url in (("ISSUER", settings.oidc_issuer), ("JWKS_URL", settings.oidc_jwks_url)):
        if url and (not is_safe_url(url) or (name == "ISSUER" and "?" in url)):
            return f"ARMGUARD_OIDC_{name} must be an https:// address, or an http:// one of this machine."
    if not settings.oidc_audience:
        return "ARMGUARD_OIDC_ISSUER is set: set ARMGUARD_OIDC_AUDIENCE too, or a token for any other service would open this one."
    if not any(settings.oidc_roles.values()):
        return "ARMGUARD_OIDC_ISSUER is set: set ARMGUARD_OIDC_ROLES too, or nobody from there would have a role."
    if not settings.oidc_admins and any(Role.ADMIN in roles for roles in settings.oidc_roles.values()):
        return "ARMGUARD_OIDC_ROLES gives the role ADMIN: set ARMGUARD_OIDC_ADMINS=true too, if that is meant."
    if not settings.oidc_algorithms:
        return "ARMGUARD_OIDC_ALGORITHMS is empty: leave it out, or name one at least."
    for name, claim, mapping in (
        ("ARMORIES", settings.oidc_armories_claim, settings.oidc_armories),
        ("UNITS", settings.oidc_units_claim, settings.oidc_units),
    ):
        if mapping and not claim:
            return f"ARMGUARD_OIDC_{name} is set: set ARMGUARD_OIDC_{name}_CLAIM too, the claim whose values it maps."
    return None


def is_safe_url(url: str) -> bool:
    """Whether what comes from an address cannot be changed on its way: https, or of this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.fragment or parts.username is not None or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
