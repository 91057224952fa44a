"""The live feed beside others that tell the same events: `make bench-feed`."""
