"""What an exchange costs, in instructions: the relay's protocols on transports in memory, without sockets or clock."""
