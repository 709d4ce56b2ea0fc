"""QObjects without widgets: what a view asks for and hears back."""
