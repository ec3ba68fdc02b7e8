"""Label Studio: masks go there as predictions, and what people make of them comes back as decisions."""
