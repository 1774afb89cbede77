"""The same over HTTP: what the command line and the library say, as an API."""
