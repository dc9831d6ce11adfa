"""What reprocheck knows: rules by family, the catalog of qualified names, and packs."""
