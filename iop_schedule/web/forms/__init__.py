"""Forms turn what was typed into domain types and say what to correct. They neither query nor save."""
