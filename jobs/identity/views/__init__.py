"""Links and sign-outs, and the person of an anonymous visit."""
