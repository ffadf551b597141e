"""CORS as the Fetch standard has it: origins, the fields of an answer, `Vary`.

Pure. Knows nothing of sites, rules or configuration files. https://fetch.spec.whatwg.org/#http-cors-protocol
"""
