"""Files that a user has (Parquet, CSV, Binance's public archives) to rows for the History port, and back.

It recognises a file by its columns, proves every row before one is kept, finds gaps, verifies and exports. It knows no
venue, no store and no engine: what it cannot read in a file it is told, or it says which option is missing.
"""
