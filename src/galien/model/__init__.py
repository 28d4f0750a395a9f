"""What is known: records, identities, time, evidence, answers, errors. Imports nothing of ours."""
