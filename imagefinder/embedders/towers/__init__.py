"""Image and text towers of CLIP models, with preprocessing and tokenizers."""
