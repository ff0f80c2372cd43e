"""The paper venue: simulated accounts that fill against real or simulated markets."""
