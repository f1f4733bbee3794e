package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/tokens"
)

// admit returns an error if a request may not be answered.
func (s *Server) admit(r *http.Request) error {
	if r.URL.Path == "/livez" || r.URL.Path == "/readyz" {
		return nil
	}
	if s.opts.Tokens == nil {
		return s.admitLocal(r)
	}
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		token = ""
	}
	entry, err := s.opts.Tokens.Verify(strings.TrimSpace(token))
	if err != nil && fault.KindOf(err) != fault.Denied {
		s.log.Error("nobody is let in, since the file of tokens is not to be had", "error", err)
		return fault.APIToken.Errorf("the server cannot read its tokens")
	}
	if err != nil {
		return err
	}
	if writes(r) && !entry.Role.Allows(tokens.Writer) {
		return fault.APIRole.Errorf("the token %s is for reading", entry.Name)
	}
	return nil
}

// writes reports whether a request changes what is stored.
func writes(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return !strings.HasPrefix(r.URL.Path, framesPath+"/") // questions with a body
}

// admitLocal returns an error for a request that a page of another site may have
// made in the browser of somebody who runs a server without tokens: one that
// comes from elsewhere by name, or by an address that was made to mean this one.
func (s *Server) admitLocal(r *http.Request) error {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fault.APIForeign.Errorf("the request is for the host %q", r.Host)
	}
	// A page may not even read what its browser would show nobody: it could tell
	// by the time that takes. Who follows a link is no page.
	asked := *r
	if r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		asked.Method = http.MethodPost
	}
	if err := s.cross.Check(&asked); err != nil {
		return fault.APIForeign.Errorf("the request comes from a page of %q", r.Header.Get("Origin"))
	}
	return nil
}
