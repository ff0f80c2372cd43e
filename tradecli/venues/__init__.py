"""Where market data come from and orders go to."""
