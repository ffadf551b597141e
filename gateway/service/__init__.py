"""The process around the relay: sockets, TLS, signals, drain, the log."""
