"""What each origin may do on each site: sites and rules compiled, the decision for a request, the judgement of a response, the reasons.

Pure: no I/O, no clock. A decision is a value.
"""
