"""How each operator is written one opset older, exactly; or why it cannot be."""
