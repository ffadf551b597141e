"""What each origin may do on each site.

Sites and rules, compiled; the decision for a request; the judgement of a response; the reasons; the gateway's answers.
Pure: no I/O, no clock. A decision is a value.
"""
