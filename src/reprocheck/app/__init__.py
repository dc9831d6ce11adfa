"""Use cases: what each command means, without knowing of terminals."""
