"""The paper's comparison (section 4): methods under the same conditions, tables."""
