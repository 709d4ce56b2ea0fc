"""What drscreen knows: frozen data and pure rules. Imports the standard library only."""
