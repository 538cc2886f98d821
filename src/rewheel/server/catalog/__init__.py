"""The database: what projects, releases and files there are, who may do what, and what was done."""
