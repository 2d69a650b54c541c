"""Models from the stream: interactions by SQL, models by Python, evaluated, stored and promoted by version."""
