package contract

import (
	"context"

	"github.com/gousher/usher/core"
)

var (
	badReset        = refused("RESET_PASSWORD_BAD_TOKEN")
	badVerify       = refused("VERIFY_USER_BAD_TOKEN")
	alreadyVerified = refused("VERIFY_USER_ALREADY_VERIFIED")
)

func forgot(email string) string { return post("/auth/forgot-password", `{"email":"`+email+`"}`) }

func requestVerify(email string) string {
	return post("/auth/request-verify-token", `{"email":"`+email+`"}`)
}

func reset(token, password string) string {
	return post("/auth/reset-password", `{"token":"`+token+`","password":"`+password+`"}`)
}

func verify(token string) string { return post("/auth/verify", `{"token":"`+token+`"}`) }

// each asks for the same answer to every request.
func each(want string, requests ...string) (all talk) {
	for _, r := range requests {
		all = append(all, r, want)
	}
	return all
}

// resetTests are about forgotten passwords.
var resetTests = []test{
	{name: "forgot-empty", talk: talk{post("/auth/forgot-password", `{}`), noEmail}},
	{name: "forgot-bare-text", talk: talk{post("/auth/forgot-password", `"king.arthur@camelot.bt"`), noEmail}},
	{name: "forgot-bad-email", talk: talk{forgot("king.arthur"), invalid(notEmail(`"king.arthur"`, noAt))}},
	{name: "forgot-unknown", talk: talk{forgot("lancelot@camelot.bt"), accepted}},
	{name: "forgot-inactive", talk: talk{forgot("percival@camelot.bt"), accepted}},
	{name: "forgot-active", happened: "reset mailed, reset mailed", talk: talk{forgot("king.arthur@camelot.bt"), accepted, forgot("King.Arthur@CAMELOT.bt"), accepted}},
	{name: "done", happened: "reset mailed, reset, logged in", talk: talk{
		forgot("king.arthur@camelot.bt"), accepted, reset("«mail»", "holygrail"), null,
		login("king.arthur@camelot.bt", "guinevere"), badLogin,
		form("/auth/db/login", "username=king.arthur@camelot.bt&password=holygrail"), answer(200, `{"access_token":"«session»","token_type":"bearer"}`),
	}},
	{name: "token-of-the-reference", happened: "reset", talk: talk{reset("«signed reset»", "holygrail"), null}},
	{name: "empty-body", talk: talk{post("/auth/reset-password", `{}`), noFields}},
	{name: "no-token", talk: talk{post("/auth/reset-password", `{"password":"guinevere"}`), invalid(missing("token", "null"))}},
	{name: "no-password", talk: talk{post("/auth/reset-password", `{"token":"foo"}`), invalid(missing("password", "null"))}},
	{name: "wrong-types", talk: talk{post("/auth/reset-password", `{"token":1,"password":[]}`), invalid(notText("token", "1"), notText("password", "[]"))}},
	{name: "malformed", talk: each(badReset, reset("foo", "holygrail"), reset("a.b.c", "holygrail"), reset(" «signed reset»", "holygrail"), reset("\\u0000", "holygrail"))},
	{name: "empty-token", talk: each(badReset, reset("", "holygrail"), reset("", ""))},
	{name: "expired", talk: each(badReset, reset("«signed reset expired»", "holygrail"))},
	{name: "other-audience", talk: each(badReset, reset("«signed reset audience»", "holygrail"), reset("«signed verify»", "holygrail"), reset("«signed good»", "holygrail"))},
	{name: "no-subject", talk: each(badReset, reset("«signed reset nobody»", "holygrail"))},
	{name: "odd-subject", talk: each(badReset, reset("«signed reset odd id»", "holygrail"))},
	{name: "no-fingerprint", talk: each(badReset, reset("«signed reset nothing»", "holygrail"))},
	{name: "unknown-user", talk: each(badReset, reset("«signed reset stranger»", "holygrail"))},
	{name: "other-fingerprint", talk: each(badReset, reset("«signed reset other»", "holygrail"))},
	{name: "used", happened: "reset mailed, reset", talk: talk{
		forgot("king.arthur@camelot.bt"), accepted, reset("«mail»", "holygrail"), null, reset("«mail»", "excalibur"), badReset,
	}},
	{name: "password-changed-since", happened: "reset mailed, updated password", talk: talk{
		forgot("king.arthur@camelot.bt"), accepted, patch("/users/me", "arthur", `{"password":"excalibur"}`), answer(200, arthur),
		reset("«mail»", "holygrail"), badReset,
	}},
	{name: "inactive", talk: each(badReset, reset("«signed reset percival»", "holygrail"))},
	{name: "weak-password", happened: "reset mailed, reset", talk: talk{
		forgot("king.arthur@camelot.bt"), accepted, reset("«mail»", "h"), weak("RESET_PASSWORD_INVALID_PASSWORD", tooShort),
		reset("«mail»", ""), weak("RESET_PASSWORD_INVALID_PASSWORD", tooShort),
		reset("«mail»", "holygrail"), null,
	}},
	{name: "weak-password-and-bad-token", talk: each(badReset, reset("foo", "h"))},
	{name: "reason", happened: "reset mailed", setup: func(s *setup) {
		s.core.ValidatePassword = func(_ context.Context, password string, _ *member) error {
			if password == "holygrail" {
				return &core.PasswordError{Reason: "Invalid"}
			}
			return nil
		}
	}, talk: talk{forgot("king.arthur@camelot.bt"), accepted, reset("«mail»", "holygrail"), weak("RESET_PASSWORD_INVALID_PASSWORD", "Invalid")}},
}

// verifyTests are about proving an address.
var verifyTests = []test{
	{name: "request-empty", talk: talk{post("/auth/request-verify-token", `{}`), noEmail}},
	{name: "request-bad-email", talk: talk{requestVerify("king.arthur"), invalid(notEmail(`"king.arthur"`, noAt))}},
	{name: "request-unknown", talk: talk{requestVerify("lancelot@camelot.bt"), accepted}},
	{name: "request-inactive", talk: talk{requestVerify("percival@camelot.bt"), accepted}},
	{name: "request-verified", talk: talk{requestVerify("lake.lady@camelot.bt"), accepted}},
	{name: "request", happened: "verification mailed, verification mailed", talk: talk{requestVerify("king.arthur@camelot.bt"), accepted, requestVerify("KING.arthur@camelot.bt"), accepted}},
	{name: "done", happened: "verification mailed, verified", talk: talk{
		requestVerify("king.arthur@camelot.bt"), accepted, verify("«mail»"),
		answer(200, `{"id":"11111111-1111-7111-8111-111111111111","email":"king.arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true,"first_name":null,"shield":null}`),
		verify("«mail»"), alreadyVerified,
	}},
	{name: "token-of-the-reference", happened: "verified", talk: talk{
		verify("«signed verify»"),
		answer(200, `{"id":"11111111-1111-7111-8111-111111111111","email":"king.arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true,"first_name":null,"shield":null}`),
	}},
	{name: "inactive", happened: "verified", talk: talk{
		verify("«signed verify percival»"),
		answer(200, `{"id":"22222222-2222-7222-8222-222222222222","email":"percival@camelot.bt","is_active":false,"is_superuser":false,"is_verified":true,"first_name":null,"shield":null}`),
	}},
	{name: "empty-body", talk: talk{post("/auth/verify", `{}`), invalid(missing("token", "null"))}},
	{name: "malformed", talk: each(badVerify, verify("foo"), verify(""), verify("a.b.c"))},
	{name: "expired", talk: each(badVerify, verify("«signed verify expired»"))},
	{name: "other-audience", talk: each(badVerify, verify("«signed verify audience»"), verify("«signed reset»"), verify("«signed good»"))},
	{name: "no-subject", talk: each(badVerify, verify("«signed verify nobody»"))},
	{name: "no-email", talk: each(badVerify, verify("«signed verify nothing»"))},
	{name: "odd-subject", talk: each(badVerify, verify("«signed verify odd id»"))},
	{name: "odd-email", talk: each(badVerify, verify("«signed verify odd email»"))},
	{name: "unknown-user", talk: each(badVerify, verify("«signed verify stranger»"))},
	{name: "other-user", talk: each(badVerify, verify("«signed verify other»"))},
	{name: "already", talk: each(alreadyVerified, verify("«signed verify lady»"))},
	{name: "address-changed-since", happened: "verification mailed, updated email", talk: talk{
		requestVerify("king.arthur@camelot.bt"), accepted,
		patch("/users/me", "arthur", `{"email":"arthur@camelot.bt"}`), answer(200, `{"id":"11111111-1111-7111-8111-111111111111","email":"arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false,"first_name":null,"shield":null}`),
		verify("«mail»"), badVerify,
	}},
}
