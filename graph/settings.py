"""Every setting of an installation, read once from the environment (`ARMGUARD_...`), with units in the names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from graph.errors import StartupError
from graph.words import Role


class Settings(BaseSettings):
    """The settings of one process; frozen. Unset ones have the value given here."""

    model_config = SettingsConfigDict(env_prefix="ARMGUARD_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to serve on.")
    port: int = Field(8000, ge=1, le=65535, description="TCP port to serve on.")
    data_dir: Path = Field(Path(".armguard"), description="Folder of the embedded database.")
    database_url: str = Field("", description="An external PostgreSQL 15 or newer; empty for the embedded one. Serving works as its user.")
    owner_url: str = Field("", description="The same database as its owner, to migrate it; empty if DATABASE_URL is the owner's.")
    broadcast_url: str = Field("", description="redis://, postgres:// or memory://; empty for the database itself.")
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
    second_factor_roles: tuple[Role, ...] = Field(
        (Role.ARMS_ROOM_OFFICER, Role.ADMIN), description="Roles that sign in with a code of an authenticator app beside the password."
    )
    standing_seconds: float = Field(2.0, gt=0, le=4, description="How long a checked token is believed before it is looked up again.")

    overdue_poll_seconds: float = Field(5.0, ge=0, description="How often this process looks for receipts that are overdue; 0: never.")
    proposal_minutes: int = Field(60, ge=0, le=10_080, description="How long a proposal waits for a second person.")
    sign_in_attempts: int = Field(10, ge=1, description="Sign-ins of one name from one address in five minutes; a good one begins anew.")
    address_attempts: int = Field(100, ge=1, description="Sign-ins from one address in five minutes, under whatever names.")
    pin_attempts: int = Field(5, ge=1, description="How many wrong PINs of a person are taken before a wait.")
    pin_wait_seconds: int = Field(300, ge=1, description="How long that wait is.")

    body_bytes: int = Field(1_000_000, ge=1024, description="Largest request body.")
    query_characters: int = Field(50_000, ge=1024, description="Longest GraphQL document, in characters.")
    query_tokens: int = Field(2000, ge=100, description="Longest GraphQL document, in tokens.")
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
    command_lines: int = Field(200, ge=1, description="Most items in one command.")
    compiled_reads: bool = Field(True, description="Compile each read into one statement; off, the answers are the same, slower.")
    page_size: int = Field(100, ge=1, description="Largest page of a connection.")
    socket_operations: int = Field(50, ge=1, description="Most operations at once on one WebSocket.")
    socket_bytes: int = Field(256 * 1024, ge=1024, description="Largest WebSocket message.")
    socket_init_seconds: float = Field(10.0, gt=0, description="How long a socket may be open before it says `connection_init`.")
    stream_pulse_seconds: float = Field(12.0, gt=0, description="How often a stream of events over HTTP says that it is still there.")

    feed_poll_seconds: float = Field(2.0, gt=0, description="How often a watched stream is read when nothing wakes it.")
    feed_ring_events: int = Field(4096, ge=16, description="How many recent events of a stream a process keeps.")
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
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "ARMGUARD_" + "_".join(str(part) for part in first["loc"]).upper()
        what = Settings.model_fields[str(first["loc"][0])].description
        raise StartupError(f"The setting {name} has a value that does not fit." + (f" It is: {what}" if what else "")) from None
