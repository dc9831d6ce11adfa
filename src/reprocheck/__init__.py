"""reprocheck: reproducibility audit and environment capture for machine-learning code."""
