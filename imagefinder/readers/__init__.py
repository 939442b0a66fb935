"""Readers decode files into pictures and text. Each family of formats has its own reader."""
