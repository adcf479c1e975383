"""The program of a companion process: it runs one service of a plant that is in another process."""
