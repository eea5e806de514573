"""What an item of a conversation says to a person."""
