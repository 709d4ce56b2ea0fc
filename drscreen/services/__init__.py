"""What drscreen does: use cases written over the ports of the domain."""
