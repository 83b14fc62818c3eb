"""What the Profile page shows beside a single run: sweeps, imports, boards compared, battery, earlier profiles."""
