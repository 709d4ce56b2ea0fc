"""The encrypted store: SQLCipher database, key file, vault of photographs."""
