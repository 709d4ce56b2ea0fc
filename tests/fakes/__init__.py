"""Stand-ins for what lies outside, one module per port."""
