"""How reports are shown: blocks, the one formatter, and the one that draws with rich."""
