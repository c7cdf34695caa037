"""Key figures 考核指标: facts, definitions, tables."""
