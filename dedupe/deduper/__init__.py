"""The facade for articles that come one by one: looked up, decided and remembered in one call."""
