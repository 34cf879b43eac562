package session

import (
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"github.com/gousher/usher/ports"
)

// maxUserAgent is how many bytes of a user agent are kept.
const maxUserAgent = 512

// data is what a token's Data holds, as JSON.
type data struct {
	Methods   []string   `json:"methods,omitempty"`
	Peer      netip.Addr `json:"peer,omitzero"`
	UserAgent string     `json:"user_agent,omitempty"`
	// End is when the session ends, however much it is used.
	End time.Time `json:"end,omitzero"`
}

func encode(g ports.Grant, end time.Time) ([]byte, error) {
	agent := g.UserAgent[:min(len(g.UserAgent), maxUserAgent)]
	return json.Marshal(data{g.Methods, g.Peer, strings.ToValidUTF8(agent, ""), end})
}

// decode returns the grant that t keeps. A token without data, such as one
// that was adopted, is a grant without them.
func decode(t ports.Token) (ports.Grant, error) {
	g := ports.Grant{UserID: t.UserID, Epoch: t.Epoch, At: t.CreatedAt, Family: t.Family}
	if len(t.Data) == 0 {
		g.Expires = t.ExpiresAt
		return g, nil
	}
	var d data
	if err := json.Unmarshal(t.Data, &d); err != nil {
		return g, err
	}
	g.Methods, g.Peer, g.UserAgent, g.Expires = d.Methods, d.Peer, d.UserAgent, d.End
	return g, nil
}
