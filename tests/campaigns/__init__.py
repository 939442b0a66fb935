"""Stress-test campaigns: programs that attack imagefinder from outside many times and report failures.

``python -m tests.campaigns NAME --count N --work DIR`` runs a campaign in full. The test suite runs a short
form of each.
"""
