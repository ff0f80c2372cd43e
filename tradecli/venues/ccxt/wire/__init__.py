"""What each venue's messages mean: pure decoders, one module a venue, held to recorded messages by tests."""
