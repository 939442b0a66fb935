"""Campaigns: programs that attack imagefinder from outside many times over, and say what broke.

``python -m tests.campaigns NAME --count N --work DIR`` runs the long form; a short one of each is among the tests.
"""
