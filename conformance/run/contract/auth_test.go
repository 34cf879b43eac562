package contract

import (
	"context"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

func verifiedOnly(s *setup) { s.verified = true }

const (
	loginPercival = "username=percival%40camelot.bt&password=angharad"
	loginLady     = "username=lake.lady%40camelot.bt&password=excalibur"
)

// bearers are the prefixes of the backends that answer with a token.
var bearers = []string{"/auth/jwt", "/auth/db"}

// atBearers has the same talk at each backend that answers with a token.
func atBearers(f func(prefix string) talk) (all talk) {
	for _, prefix := range bearers {
		all = append(all, f(prefix)...)
	}
	return all
}

// hailed is the answer to a login at prefix: a token of the store has 43
// characters, and the JWTs of the people are known.
func hailed(prefix, who string) string {
	switch {
	case prefix == "/auth/db":
		return answer(200, `{"access_token":"«session»","token_type":"bearer"}`)
	case who == "arthur":
		return hail
	}
	return answer(200, `{"access_token":"`+ladyJWT+`","token_type":"bearer"}`)
}

const ladyJWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIzMzMzMzMzMy0zMzMzLTczMzMtODMzMy0zMzMzMzMzMzMzMzMiLCJhdWQiOlsiZmFzdGFwaS11c2VyczphdXRoIl0sImV4cCI6MTg5MzU1NzA0NX0.td1g_8u7v-32DluJVHUJyY92osZG7FoblznCVFLFzRI"

var notVerified = refused("LOGIN_USER_NOT_VERIFIED")

// authTests are about logging in and out.
var authTests = []test{
	{name: "bearer", happened: "logged in, logged in", talk: atBearers(func(prefix string) talk {
		return talk{form(prefix+"/login", loginArthur), hailed(prefix, "arthur")}
	})},
	{name: "cookie", happened: "logged in", talk: talk{form("/auth/cookie/login", loginArthur), setCookie("fastapiusersauth=«jwt arthur»; HttpOnly; Path=/; SameSite=lax; Secure")}},
	{name: "session-in-use", happened: "logged in", talk: talk{
		form("/auth/db/login", loginArthur), answer(200, `{"access_token":"«session»","token_type":"bearer"}`),
		get("/users/me", "Authorization: Bearer «session»"), answer(200, arthur),
	}},
	{name: "unknown-address", talk: atBearers(func(prefix string) talk {
		return talk{form(prefix+"/login", "username=lancelot@camelot.bt&password=guinevere"), badLogin}
	})},
	{name: "wrong-password", talk: atBearers(func(prefix string) talk {
		return talk{form(prefix+"/login", "username=king.arthur@camelot.bt&password=percival"), badLogin}
	})},
	{name: "inactive", talk: atBearers(func(prefix string) talk { return talk{form(prefix+"/login", loginPercival), badLogin} })},
	{name: "verified", happened: "logged in, logged in", talk: atBearers(func(prefix string) talk {
		return talk{form(prefix+"/login", loginLady), hailed(prefix, "lady")}
	})},
	{name: "other-case", happened: "logged in, logged in", talk: atBearers(func(prefix string) talk {
		return talk{form(prefix+"/login", "username=King.Arthur@camelot.bt&password=guinevere"), hailed(prefix, "arthur")}
	})},
	{name: "bad-form", talk: append(atBearers(func(prefix string) talk {
		return talk{form(prefix+"/login", ""), nothingSent,
			form(prefix+"/login", "password=x"), invalid(missing("username", "null")),
			form(prefix+"/login", "username=x"), invalid(missing("password", "null"))}
	}), form("/auth/cookie/login", ""), nothingSent)},
	{name: "unknown-hash", setup: func(s *setup) { s.core.Stores.Users = oddHashes{s.core.Stores.Users} }, talk: talk{
		form("/auth/jwt/login", loginArthur), badLogin, form("/auth/db/login", loginArthur), badLogin,
	}},
	{name: "unverified-required", setup: verifiedOnly, talk: append(atBearers(func(prefix string) talk {
		return talk{form(prefix+"/login", loginArthur), notVerified}
	}), form("/auth/cookie/login", loginArthur), notVerified)},
	{name: "verified-required", setup: verifiedOnly, happened: "logged in, logged in", talk: atBearers(func(prefix string) talk {
		return talk{form(prefix+"/login", loginLady), hailed(prefix, "lady")}
	})},
	{name: "other-case-required", setup: verifiedOnly, happened: "logged in", talk: talk{
		form("/auth/jwt/login", "username=King.Arthur@camelot.bt&password=guinevere"), notVerified,
		form("/auth/jwt/login", "username=Lake.LADY@camelot.bt&password=excalibur"), hailed("/auth/jwt", "lady"),
	}},
	{name: "refused-required", setup: verifiedOnly, talk: atBearers(func(prefix string) talk {
		return talk{
			form(prefix+"/login", loginPercival), badLogin,
			form(prefix+"/login", "username=king.arthur@camelot.bt&password=percival"), badLogin,
			form(prefix+"/login", "username=lancelot@camelot.bt&password=guinevere"), badLogin,
			form(prefix+"/login", ""), nothingSent,
			form(prefix+"/login", "password=x"), invalid(missing("username", "null")),
			form(prefix+"/login", "username=x"), invalid(missing("password", "null")),
		}
	})},
	{name: "hook-adds-header", setup: func(s *setup) {
		s.core.Hooks.AfterLogin = func(_ context.Context, u *member, req ports.Request, out ports.Header) {
			out.Add("X-Hail", u.Email+" by "+req.UserAgent)
		}
	}, talk: talk{
		form("/auth/jwt/login", loginArthur, "User-Agent: horse"), "200\nCache-Control: no-store\nContent-Length: 245\nContent-Type: application/json\nX-Hail: king.arthur@camelot.bt by horse\n\n" + hail[len(hail)-245:],
		form("/auth/cookie/login", loginArthur, "User-Agent: horse"), "204\nCache-Control: no-store\nSet-Cookie: fastapiusersauth=«jwt arthur»; HttpOnly; Path=/; SameSite=lax; Secure\nX-Hail: king.arthur@camelot.bt by horse\n\n",
	}},
	{name: "logout-bearer", talk: talk{
		ask("POST", "/auth/jwt/logout", "arthur"), noContent,
		send("POST", "/auth/db/logout", "", "Authorization: Bearer «db arthur»"), noContent,
	}},
	{name: "logout-reads-no-body", talk: talk{
		send("POST", "/auth/jwt/logout", `{"a`, as("arthur")), noContent,
	}},
	{name: "logout-cookie", talk: talk{
		send("POST", "/auth/cookie/logout", "", "Cookie: fastapiusersauth=«jwt arthur»"), setCookie(`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure`),
	}},
	{name: "logout-nobody", talk: func() (all talk) {
		for _, path := range []string{"/auth/jwt/logout", "/auth/db/logout", "/auth/cookie/logout"} {
			all = append(all, send("POST", path, ""), unauthorized,
				send("POST", path, "", "Authorization: Bearer foo"), unauthorized,
				ask("POST", path, "percival"), unauthorized,
				send("POST", path, "", "Authorization: Bearer «signed unknown»"), unauthorized,
				send("POST", path, "", "Authorization: Bearer «signed expired»"), unauthorized)
		}
		return all
	}()},
	{name: "logout-twice", talk: talk{
		send("POST", "/auth/db/logout", "", "Authorization: Bearer «db arthur»"), noContent,
		send("POST", "/auth/db/logout", "", "Authorization: Bearer «db arthur»"), unauthorized,
		get("/users/me", "Authorization: Bearer «db arthur»"), unauthorized,
	}},
	{name: "logout-unverified-required", setup: verifiedOnly, talk: talk{
		ask("POST", "/auth/jwt/logout", "arthur"), forbidden,
		send("POST", "/auth/db/logout", "", "Authorization: Bearer «db arthur»"), forbidden,
		send("POST", "/auth/cookie/logout", "", "Cookie: fastapiusersauth=«jwt arthur»"), forbidden,
		send("POST", "/auth/jwt/logout", ""), unauthorized,
	}},
	{name: "logout-verified-required", setup: verifiedOnly, talk: talk{
		ask("POST", "/auth/jwt/logout", "lady"), noContent,
		send("POST", "/auth/db/logout", "", "Authorization: Bearer «db lady»"), noContent,
	}},
	{name: "logout-verified", talk: talk{ask("POST", "/auth/jwt/logout", "lady"), noContent, send("POST", "/auth/db/logout", "", "Authorization: Bearer «db lady»"), noContent}},
	{name: "logout-elsewhere", talk: talk{
		ask("POST", "/auth/db/logout", "arthur"), noContent, ask("GET", "/users/me", "arthur"), answer(200, arthur),
		ask("POST", "/auth/cookie/logout", "arthur"), setCookie(`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure`),
		send("POST", "/auth/jwt/logout", "", "Authorization: Bearer «db lady»"), noContent,
	}},
	{name: "limits", happened: "logged in", setup: func(s *setup) {
		limit := ports.Limit{Events: 2, Per: 10 * time.Minute}
		s.core.Limits = core.Limits{Login: core.Limit{Address: limit}}
	}, talk: talk{
		login("lake.lady@camelot.bt", "x"), badLogin, login("Lake.Lady@camelot.bt", "x"), badLogin,
		form("/auth/jwt/login", loginLady), answer(429, `{"detail":"Too Many Requests"}`, "Retry-After: 300"),
		form("/auth/jwt/login", loginArthur), hail,
	}},
}

func setCookie(value string) string {
	return "204\nCache-Control: no-store\nSet-Cookie: " + value + "\n\n"
}

// oddHashes is a store whose users' hashes are of a kind that no hasher knows.
type oddHashes struct{ ports.UserStore[*member] }

func (s oddHashes) ByEmail(ctx context.Context, key string) (*member, error) {
	m, err := s.UserStore.ByEmail(ctx, key)
	if err == nil {
		m.HashedPassword = "$unknown$"
	}
	return m, err
}
