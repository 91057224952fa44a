"""The ledger: who acts, what is appended, its canonical form and chain, its replay and its verification."""
