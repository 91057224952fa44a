"""What comes from npm, where it is there."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path


def installed(folder: Path, name: str, packages: tuple[str, ...], told: Callable[[str], None]) -> str:
    """Install packages in a folder, if need be; gives why they cannot be had."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "npm is not installed"
    folder.mkdir(exist_ok=True)
    if not all((folder / "node_modules" / package.rpartition("@")[0]).exists() for package in packages):
        told(f"installing {name}")
        (folder / "package.json").write_text(json.dumps({"private": True}))
        try:
            done = subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--silent", *packages], cwd=folder, check=False, timeout=300
            )
        except subprocess.TimeoutExpired:
            return "npm did not come to an end"
        if done.returncode:
            return "npm cannot install it"
    return ""
