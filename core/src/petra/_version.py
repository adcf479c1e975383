"""The one version that every distribution of PETRA carries."""

__version__ = "0.1.0"
