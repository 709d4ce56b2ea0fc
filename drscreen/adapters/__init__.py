"""How drscreen touches the outside: one room per thing outside, none knows another."""
