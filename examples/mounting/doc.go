// Package mounting shows how the routes of an API stand beside an
// application's own in the standard library's mux, chi, gin and echo. Each
// function returns what the application serves: the API's routes, /hello for
// whoever is logged in, and /open for everybody.
package mounting
