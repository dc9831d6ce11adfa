"""What is listened to in which library: one module per library, loaded when the program imports it."""
