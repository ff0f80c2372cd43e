"""A venue to be afraid of: pure bookkeeping (``core``), a market, faults, and all of it as a process of its own."""
