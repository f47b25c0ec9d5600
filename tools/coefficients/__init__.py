"""How the shipped coefficients are traced: tiny models, their variants, and what is read off a tape."""
