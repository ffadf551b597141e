"""The configuration: YAML text becomes a `Config`, or a list of every mistake in it.

`load` goes through the steps: text to nodes (`document`), nodes in layers (`layers`), nodes read (`keys`, by
`settings`, `reader` and `values`), what no value shows by itself (`checks`, `certificates`), and the `Config` with its
`Policy` (`compile`). What is wrong is noted (`notes`), and reading goes on.
"""
