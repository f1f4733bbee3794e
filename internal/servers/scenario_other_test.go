//go:build !unix

package servers

// Run does nothing: no servers run here.
func (scenario) Run() (code int) { return 0 }
