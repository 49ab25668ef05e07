"""From words to a typed call."""
