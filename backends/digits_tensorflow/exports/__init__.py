"""Formats of TensorFlow: SavedModel for servers, LiteRT for phones and small devices.

One file per format. They know what the backend knows of the core, and import TensorFlow when they are used.
"""
