// Package python has no code of Go: redfire, the Python client of the HTTP server,
// lies here. "go test" runs its tests against a real server, with the real pandas,
// Polars and pyarrow in a virtual environment of their own.
package python
