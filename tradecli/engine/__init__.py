"""The engine: a pure function over events, and the shell that feeds it."""
