"""What the program talks about: frozen dataclasses and errors. Imports nothing of ours."""
