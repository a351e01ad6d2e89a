"""One door per outside library; converts domain values to and from the outside."""
