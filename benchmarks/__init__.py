"""Measures ArmGuard beside the same work done by hand, by the usual stack and by others, all in one run. See docs/performance.md."""
