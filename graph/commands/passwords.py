"""Passwords and PINs: argon2id, made and checked off the event loop, at most as many at once as there are cores."""

from __future__ import annotations

import asyncio
import functools
import os
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from graph.rules.accounts import LONGEST_PASSWORD, password_text

_hasher = PasswordHasher()
_hashers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="argon2")


async def hash_password(password: str) -> str:
    """An argon2id hash of a password that the rule takes."""
    return await asyncio.get_running_loop().run_in_executor(_hashers, _hasher.hash, password_text(password))


async def hash_pin(pin: str) -> str:
    """An argon2id hash of a PIN."""
    return await asyncio.get_running_loop().run_in_executor(_hashers, _hasher.hash, pin)


async def matches(stored: str, password: str) -> bool:
    """Whether a password or PIN is the one that was hashed. One that is longer than any is not looked at."""
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return await asyncio.get_running_loop().run_in_executor(_hashers, _hasher.verify, stored, password_text(password))
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


async def nobodys_hash() -> str:
    """What a password is checked against when there is no account, so that it takes as long."""
    return await asyncio.get_running_loop().run_in_executor(_hashers, _nobodys_hash)


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))
