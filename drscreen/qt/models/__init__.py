"""Item models: rows for views, paged from the services."""
