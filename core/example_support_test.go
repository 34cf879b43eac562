package core_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"
	"sync"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// Member is the application's user in the examples and the tests.
type Member struct {
	core.User
	Nickname string
	Tags     []string
}

// hasher makes readable hashes, "hash:<version>:<salt>:<password>", and counts
// how often it does work.
type hasher struct {
	version int // of the hashes it makes; those of a lower one are outdated

	mu               sync.Mutex
	salt             int // of the last hash
	hashed, verified int // how many calls there were
	// during runs within each call of Hash and Verify. What it returns is an
	// outage.
	during func(call, password string) error
}

var _ ports.PasswordHasher = (*hasher)(nil)

const hashCost = 100

// call counts a call and returns a new salt.
func (h *hasher) call(name, password string, count *int) (salt int, err error) {
	h.mu.Lock()
	*count++
	h.salt++
	salt, during := h.salt, h.during
	h.mu.Unlock()
	if during != nil {
		err = during(name, password)
	}
	return salt, err
}

func (h *hasher) Hash(password string) (string, error) {
	salt, err := h.call("Hash", password, &h.hashed)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("hash:%d:%d:%s", h.version, salt, password), nil
}

func (h *hasher) Verify(password, hash string) (ok, outdated bool, err error) {
	if h.Cost(hash) == 0 {
		return false, false, nil
	}
	if _, err := h.call("Verify", password, &h.verified); err != nil {
		return false, false, err
	}
	parts := strings.SplitN(hash, ":", 4)
	if len(parts) != 4 || parts[3] != password {
		return false, false, nil
	}
	return true, parts[1] < fmt.Sprint(h.version), nil
}

func (h *hasher) Cost(hash string) int64 {
	if hash == "" || strings.HasPrefix(hash, "hash:") {
		return hashCost
	}
	return 0
}

// emails takes anything with an at-sign for an address.
type emails struct{}

var _ ports.Emails = emails{}

func (emails) Parse(addr string) (string, error) {
	addr = strings.TrimSpace(addr)
	if !strings.Contains(addr, "@") {
		return "", &core.EmailError{Reason: "An email address must have an @-sign."}
	}
	return addr, nil
}

func (emails) Key(addr string) string { return strings.ToLower(strings.TrimSpace(addr)) }

// exampleAuthenticator returns an authenticator with the backend "api" and an
// unverified member.
func exampleAuthenticator() (*core.Authenticator[*Member], *Member) {
	members, err := core.NewManager(core.Config[*Member]{
		Stores: ports.Stores[*Member]{Users: newStore()},
		Hasher: &hasher{version: 1},
		Emails: emails{},
	})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := core.NewAuthenticator(members,
		core.Backend[*Member]{Name: "api", Strategy: newStrategy("token-"), Transport: core.Bearer{}})
	if err != nil {
		log.Fatal(err)
	}
	ann := &Member{User: core.User{Email: "ann@example.com"}, Nickname: "Ann"}
	ann, err = members.Register(context.Background(), ann, "correct horse")
	if err != nil {
		log.Fatal(err)
	}
	return auth, ann
}

// bearer returns a request that carries token.
func bearer(token string) ports.Request {
	return ports.Request{Header: http.Header{"Authorization": {"Bearer " + token}}}
}
