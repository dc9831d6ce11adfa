"""RPC: what the analysis itself could not see."""
