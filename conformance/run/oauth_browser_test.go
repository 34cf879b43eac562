package run

import (
	"os/exec"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A visitor logs in with one provider, links another, unlinks the first, and
// keeps the last way in, in a browser.
func TestOAuthPage(t *testing.T) {
	cmd := exec.Command(buildExample(t, "oauth"), "-addr", "127.0.0.1:0")
	printed := start(t, cmd, func(string) bool { return true })
	site := regexp.MustCompile(`http://[\d.:]+`).FindString(printed[0])
	v := openBrowser(t)
	v.do("size", chromedp.EmulateViewport(390, 844))
	press := func(name string) chromedp.Action[chromedp.Void] {
		return chromedp.Click(chromedp.CSS(`[data-do=` + name + `]`))
	}
	account := func(subject string) chromedp.CSS {
		return chromedp.CSS(`button[name=account][value="` + subject + `"]`)
	}
	// through goes to a provider, takes the account there, and is back.
	through := func(step, name, subject string) {
		v.do(step, press(name), chromedp.WaitVisible(account(subject)))
		v.do(step+", back", chromedp.Click(account(subject)), chromedp.WaitVisible(chromedp.CSS("section:not([hidden])")))
	}
	v.do("first", chromedp.Navigate(site+"/"), chromedp.WaitVisible(chromedp.CSS("[data-do=login-demo]")))
	through("log in with Demo", "login-demo", "1001")
	v.says("logged in", "You are logged in.")
	v.reads("#email", "ann@example.com")
	v.reads("#accounts li", "Demo, as ann@example.com Unlink")

	through("link Other", "link-other", "ann")
	v.says("linked", "The account is linked.")
	v.reads("#accounts li:nth-child(2)", "Other, as ann@other.example Unlink")
	v.do("unlink Demo", press("unlink-demo"))
	v.says("unlinked", "Demo is unlinked.")
	v.reads("#accounts", "Other, as ann@other.example Unlink")
	v.do("unlink the last", press("unlink-other"))
	v.says("the last way in stays", `Refused: "OAUTH_LAST_WAY_IN"`)

	v.do("log out", chromedp.Click(chromedp.CSS("#logout")), chromedp.WaitVisible(chromedp.CSS("[data-do=login-other]")))
	through("log in with Other", "login-other", "ann")
	v.reads("#email", "ann@example.com") // the same user

	through("link Demo as Bob", "link-demo", "1002")
	v.says("linked again", "The account is linked.")
	v.do("log out again", chromedp.Click(chromedp.CSS("#logout")), chromedp.WaitVisible(chromedp.CSS("[data-do=login-demo]")))
	v.do("think better of it", press("login-demo"), chromedp.WaitVisible(account("")))
	v.do("cancel", chromedp.Click(account("")), chromedp.WaitVisible(chromedp.CSS("#visitor")))
	v.says("cancelled", `Refused: "access_denied"`)
	for _, complaint := range v.list() {
		// The two answers of 400 that the page shows are in the console as well.
		require.Contains(t, complaint, "400 (Bad Request)")
	}
}
