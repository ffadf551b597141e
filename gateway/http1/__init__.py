"""HTTP/1.1 as octets: heads, framing, chunks, hop-by-hop and forwarding fields, targets (RFC 9110 and 9112).

Pure: bytes and values in, bytes and values out. What the grammar does not allow is refused, never repaired. No CORS
    here, no clock,
no sockets.
"""
