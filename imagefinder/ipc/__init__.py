"""The process boundary between the window and the engine: messages, channel, heartbeat."""
