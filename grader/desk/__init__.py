"""What an instructor gets: gradebook, report and feedback pages."""
