"""Tests of the rules: one golden line and one run through the oracle for every operator."""
