"""EXP: configuration, hyper-parameters, tracking."""
