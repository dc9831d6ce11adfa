"""Rules about differences between training and serving."""
