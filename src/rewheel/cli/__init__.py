"""The command line: reads what is asked, calls the floors below, prints what they say."""
