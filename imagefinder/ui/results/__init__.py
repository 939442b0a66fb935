"""The results grid."""
