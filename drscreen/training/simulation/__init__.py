"""Lesions of diabetic retinopathy, drawn onto photographs of healthy eyes for training."""
