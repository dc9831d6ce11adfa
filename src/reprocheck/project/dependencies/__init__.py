"""What a project declares and locks of the packages that it stands on, one module per family of formats."""
