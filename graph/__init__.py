"""ArmGuard: the custody system of an arms room."""

__version__ = "0.1.0"
