"""Who is asked when the front line is not enough: ladders that climb by themselves, and what starts a climb."""
