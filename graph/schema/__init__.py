"""What clients see: Strawberry types, inputs, unions and scalars."""
