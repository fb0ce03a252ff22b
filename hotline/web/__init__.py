"""The web API: routes, authentication, problem details, live events."""
