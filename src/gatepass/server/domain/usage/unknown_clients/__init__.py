"""Client ids that no application has: whose owner may have meant their own."""
