"""Transport: requests and answers over a stream, on both of its sides, and the lookup of hosts."""
