// Test support shared by all test targets.
