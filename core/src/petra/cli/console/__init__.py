"""How a command talks with its caller: options, output, typed values, and signals of the operating system."""
