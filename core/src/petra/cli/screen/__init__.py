"""The live view of a plant in a terminal."""
