"""What is kept between two runs: tables, migrations, repositories."""
