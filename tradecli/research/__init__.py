"""Studies over recorded runs and recorded markets. It asks ``wiring`` for its engine and has none of its own."""
