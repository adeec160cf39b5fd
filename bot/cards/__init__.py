"""What people see in Discord: cards, buttons, forms, replies."""
