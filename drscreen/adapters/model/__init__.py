"""Everything that runs the network: architecture, bundle, predictor."""
