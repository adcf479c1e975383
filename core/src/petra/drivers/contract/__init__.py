"""The contract: what a driver is, its points, where its values go, and the errors it raises."""
