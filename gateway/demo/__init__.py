"""The demonstration: a CRM that misbehaves, an add-in page on another origin, and the gateway between them.

Nothing here serves a customer: only `gateway.cli` imports it, and it starts the gateway as a person would, from a file.
"""
