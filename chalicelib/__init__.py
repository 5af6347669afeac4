"""The customer support assistant: everything in this package ships to Lambda."""

__version__ = "0.1.0"
