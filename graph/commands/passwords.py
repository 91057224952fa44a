"""Passwords and PINs: argon2id, made and checked off the event loop, at most as many at once as there are cores."""

from __future__ import annotations

import asyncio
import functools
import os
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from graph.errors import refuse
from graph.rules.accounts import password_refusals

_hasher = PasswordHasher()
_hashers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="argon2")


async def hash_password(password: str, username: str) -> str:
    """An argon2id hash.

    Raises:
        Refused: the password is too short, or easy to guess.
    """
    refuse(password_refusals(password, username))
    return await asyncio.get_running_loop().run_in_executor(_hashers, _hasher.hash, password)


async def hash_pin(pin: str) -> str:
    """An argon2id hash of a PIN."""
    return await asyncio.get_running_loop().run_in_executor(_hashers, _hasher.hash, pin)


async def matches(stored: str, password: str) -> bool:
    """Whether a password or PIN is the one that was hashed."""
    try:
        return await asyncio.get_running_loop().run_in_executor(_hashers, _hasher.verify, stored, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


async def nobodys_hash() -> str:
    """What a password is checked against when there is no account, so that it takes as long."""
    return await asyncio.get_running_loop().run_in_executor(_hashers, _nobodys_hash)


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))
