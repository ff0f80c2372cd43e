"""The full-screen console over one running session. It draws snapshots and forwards requests; it decides nothing."""
