"""The data path: client connections, upstream connections, the pool, deadlines. Carries decisions out and takes none.

`ClientConnection` reads heads, asks `policy.decide`, and answers or opens an `Exchange`; an `Exchange` is the way of
one relayed request and joins a `ClientConnection` with an `UpstreamConnection`; `Gateway` is what all of a process's
connections share.
"""
