"""What the console's commands do; a module is loaded when its command is called."""
