"""The project as a whole: which module a name means, which function a call reaches, where execution begins."""
