"""What an agent may look up in a store over MCP."""
