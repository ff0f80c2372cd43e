"""The fault catalogue of RELIABILITY section 9, row by row, with what proves each."""
