package contract

import "strings"

// kept registers addr, in JSON without quotes, which is kept as want.
func kept(addr, want string) talk {
	return talk{post("/auth/register", `{"email":"`+addr+`","password":"guinevere"}`), created(want)}
}

// denied are addresses, in JSON without quotes, each before the reason why it
// is refused.
func denied(pairs ...string) (all talk) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, post("/auth/forgot-password", `{"email":"`+pairs[i]+`"}`), invalid(notEmail(`"`+pairs[i]+`"`, pairs[i+1])))
	}
	return all
}

// takes are addresses that are accepted.
func takes(addrs ...string) (all talk) {
	for _, addr := range addrs {
		all = append(all, post("/auth/forgot-password", `{"email":"`+addr+`"}`), accepted)
	}
	return all
}

const (
	specialUse = "The part after the @-sign is a special-use or reserved name that cannot be used with email."
	noTop      = "The part after the @-sign is not valid. It is not within a valid top-level domain."
	noPeriod   = "The part after the @-sign is not valid. It should have a period."
	noAt       = "An email address must have an @-sign."
)

// emailTests are about which addresses are accepted, and how they are kept.
var emailTests = []test{
	{name: "length-2048", talk: denied(strings.Repeat("x", 2049)+"@b.com", "Length must not exceed 2048 characters")},
	{name: "display-name", happened: "registered, registered, registered", talk: talk{
		post("/auth/register", `{"email":"John Doe <jd@b.com>","password":"guinevere"}`), created("jd@b.com"),
		post("/auth/register", `{"email":"Name<a@b.com>","password":"guinevere"}`), created("a@b.com"),
		post("/auth/register", `{"email":"<c@b.com>","password":"guinevere"}`), created("c@b.com"),
	}},
	{name: "trimmed", happened: "registered, registered", talk: append(kept(` \t\u00a0lancelot@camelot.bt\u3000\n`, "lancelot@camelot.bt"), kept(" galahad@camelot.bt", "galahad@camelot.bt")...)},
	{name: "split", talk: denied(`a@b@c.com`, `The part after the @-sign contains invalid characters: '@'.`)},
	{name: "local-part", happened: "registered, registered, registered, registered", talk: append(append(append(
		kept("_!#$%&'*+-/=?^`{|}~@b.com", "_!#$%&'*+-/=?^`{|}~@b.com"), kept("Jose\\u0301@b.com", "José@b.com")...),
		kept(strings.Repeat("x", 65)+"@b.com", strings.Repeat("x", 65)+"@b.com")...), kept("Lancelot.Du+Lac@b.com", "Lancelot.Du+Lac@b.com")...)},
	{name: "special-local-part", happened: "registered", talk: kept("POSTMASTER@b.com", "postmaster@b.com")},
	{name: "domain", talk: append(takes("a@b-c.d.com", "a@faß.de", "a@b。com"), append(denied(
		"a@b_c.com", "The part after the @-sign contains invalid characters: '_'."),
		denied("a@b.1", noTop)...)...)},
	{name: "special-use", talk: denied("a@x.arpa", specialUse, "a@x.invalid", specialUse, "a@x.local", specialUse, "a@x.localhost", specialUse, "a@x.onion", specialUse, "a@x.test", specialUse)},
	{name: "allowed-names", talk: takes("a@b.example", "a@example.com", "a@b.internal", "a@b.lan", "a@b.corp", "a@b.alt")},
	{name: "domain-shown", happened: "registered, registered, registered", talk: append(append(
		kept("a@xn--andu-xqa.cl", "a@andôu.cl"), kept("A.B@EXAMPLE.COM", "A.B@example.com")...), kept("a@faß.de", "a@faß.de")...)},
	{name: "length-254", talk: append(takes(strings.Repeat("x", 248)+"@b.com"), denied(
		strings.Repeat("x", 250)+"@b.com", "The email address is too long (2 characters too many).")...)},
	{name: "no-at", talk: denied("", noAt, "king.arthur", noAt, `\"a@b\"`, noAt)},
	{name: "other-at", talk: denied(
		"a＠b.com", "The email address has the \\\"full-width\\\" at-sign (@) character instead of a regular at-sign.",
		"a﹫b.com", "The email address has the \\\"small commercial at\\\" character instead of a regular at-sign.")},
	{name: "empty-part", talk: denied("@b.com", "There must be something before the @-sign.", "a@", "There must be something after the @-sign.")},
	{name: "no-period", talk: denied("a@localhost", noPeriod)},
	{name: "top-level", talk: denied("a@127.0.0.1", noTop, "a@b.c1", noTop)},
	{name: "bracketed", talk: denied("a@[127.0.0.1]", "A bracketed IP address after the @-sign is not allowed here.")},
	{name: "quoted", talk: denied(`\"quoted\"@b.com`, "Quoting the part before the @-sign is not allowed here.")},
	{name: "periods", talk: denied(
		".a@b.com", "An email address cannot start with a period.",
		"a.@b.com", "An email address cannot have a period immediately before the @-sign.",
		"a@.com", "An email address cannot have a period immediately after the @-sign.",
		"a@b.com.", "An email address cannot end with a period.")},
	{name: "two-periods", talk: denied("a..b@b.com", "An email address cannot have two periods in a row.", "a@b..com", "An email address cannot have two periods in a row.")},
	{name: "hyphens", talk: denied(
		"a@-b.com", "An email address cannot have a hyphen immediately after the @-sign.",
		"a@b-.com", "An email address cannot have a period and a hyphen next to each other.")},
	{name: "two-hyphens", talk: denied("a@ab--c.com", "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode.")},
	{name: "characters", talk: denied(
		"a b@b.com", "The email address contains invalid characters before the @-sign: SPACE.",
		"a(b)@b.com", "The email address contains invalid characters before the @-sign: '(', ')'.",
		"a@b c.com", "The part after the @-sign contains invalid characters: SPACE.",
		`a\u0000@b.com`, "The email address contains invalid characters before the @-sign: U+0000.")},
	{name: "unsafe", talk: denied("a\u200b@b.com", "The email address contains unsafe characters: ZERO WIDTH SPACE.")},
	{name: "label-length", talk: denied("a@"+strings.Repeat("x", 64)+".com", "After the @-sign, periods cannot be separated by so many characters (1 character too many).")},
	{name: "domain-length", talk: denied(
		"a@"+strings.Repeat(strings.Repeat("x", 50)+".", 6)+"co", "The email address is too long after the @-sign (55 characters too many).")},
	{name: "angle-brackets", talk: denied(
		"<a@b.com", "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end.",
		"A <a@b.com> b", "There can't be anything after the email address.")},
	{name: "display-name-period", talk: denied("John.Doe <jd@b.com>", "The display name contains invalid characters when not quoted: '.'.")},
	{name: "display-name-empty", talk: denied(`\"\" <a@b.com>`, "A display name and angle brackets around the email address are not permitted here.")},
	{name: "case", happened: "logged in, registered", talk: talk{
		login("KING.Arthur@CAMELOT.bt", "guinevere"), hail,
		post("/auth/register", `{"email":"King.Arthur@camelot.bt","password":"guinevere"}`), refused("REGISTER_USER_ALREADY_EXISTS"),
		post("/auth/register", `{"email":"Éa@c.bt","password":"guinevere"}`), created("Éa@c.bt"),
		post("/auth/register", `{"email":"éa@c.bt","password":"guinevere"}`), refused("REGISTER_USER_ALREADY_EXISTS"),
		post("/auth/register", `{"email":"e\u0301a@C.bt","password":"guinevere"}`), refused("REGISTER_USER_ALREADY_EXISTS"),
	}},
	{name: "everywhere", talk: talk{
		post("/auth/register", `{"email":"a@x.test","password":"guinevere"}`), invalid(notEmail(`"a@x.test"`, specialUse)),
		patch("/users/me", "arthur", `{"email":"a@x.test"}`), invalid(notEmail(`"a@x.test"`, specialUse)),
		patch("/users/"+people["lady"].id, "merlin", `{"email":"a@x.test"}`), invalid(notEmail(`"a@x.test"`, specialUse)),
		post("/auth/request-verify-token", `{"email":"a@x.test"}`), invalid(notEmail(`"a@x.test"`, specialUse)),
		login("a@x.test", "guinevere"), badLogin,
	}},
}
