"""What is read, before anybody knows what it means: documents and their lines, values, durations, variables."""
