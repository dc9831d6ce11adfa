"""RNG: where random numbers come from and what seeds them."""
