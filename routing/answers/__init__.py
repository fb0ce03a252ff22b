"""What an operator settles without handing on: direct answers, holds, the choice of a caller."""
