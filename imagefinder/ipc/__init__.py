"""The process boundary between the window and the engine: messages and their channel."""
