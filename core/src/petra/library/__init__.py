"""The standard library: IEC 61131-3 and what process people use daily. Each block has test vectors."""
