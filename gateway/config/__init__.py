"""The configuration: YAML text becomes a `Config`, or a list of every mistake in it; a `Config` holds the compiled `Policy`."""
