"""Decoding of untrusted files in sandboxed child processes with limits on time and memory."""
