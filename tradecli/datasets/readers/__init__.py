"""From the columns of one file to proved batches: one module for each kind of market data."""
