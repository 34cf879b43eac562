package run

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/require"
)

// A visitor goes through all of the quickstart's page, on a phone and on a
// desktop. A screenshot of each step is left in the test's artefacts.
func TestDemoPage(t *testing.T) {
	program := buildQuickstart(t)
	for _, screen := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desktop", 1280, 800}} {
		t.Run(screen.name, func(t *testing.T) {
			dir := t.TempDir()
			mailbox := filepath.Join(dir, "mails")
			site := siteOf(t, program, dir, "USHER_DB="+filepath.Join(dir, "users.db"), "USHER_MAILBOX="+mailbox)
			v := openBrowser(t)
			v.do("size", chromedp.EmulateViewport(screen.width, screen.height))

			v.do("first", chromedp.Navigate(site+"/"), chromedp.WaitVisible(chromedp.CSS("#login")))
			v.do("register", chromedp.Click(chromedp.CSS(`[data-show=register]`)), chromedp.WaitVisible(chromedp.CSS("#register")),
				chromedp.SendKeys(chromedp.CSS("#register [name=email]"), "ann@example.com"),
				chromedp.SendKeys(chromedp.CSS("#register [name=password]"), "correct horse"),
				chromedp.SendKeys(chromedp.CSS("#register [name=nickname]"), "Ann"), chromedp.Click(chromedp.CSS("#register button")))
			v.says("registered", "You are registered and logged in.")
			v.reads("#name", "Ann")
			v.reads("#email", "ann@example.com")

			v.do("edit", chromedp.SetValue(chromedp.CSS("#profile [name=nickname]"), "Annie"), chromedp.Click(chromedp.CSS("#profile button")))
			v.says("edited", "Saved.")
			v.reads("#name", "Annie")
			v.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#member")))
			v.reads("#name", "Annie")

			v.do("change password", chromedp.SendKeys(chromedp.CSS("#password [name=password]"), "battery staple"), chromedp.Click(chromedp.CSS("#password button")))
			v.says("password changed", "The password is changed.")
			v.do("log out", chromedp.Click(chromedp.CSS("#logout button")))
			v.says("logged out", "You are logged out.")

			v.logIn("ann@example.com", "correct horse")
			v.says("old password", "E-mail or password is wrong.")
			v.logIn("ann@example.com", "battery staple")
			v.says("new password", "You are logged in.")
			v.do("log out again", chromedp.Click(chromedp.CSS("#logout button")))
			v.says("logged out again", "You are logged out.")

			v.do("forgot", chromedp.Click(chromedp.CSS(`[data-show=forgot]`)), chromedp.WaitVisible(chromedp.CSS("#forgot")),
				chromedp.SendKeys(chromedp.CSS("#forgot [name=email]"), "ann@example.com"), chromedp.Click(chromedp.CSS("#forgot button")), chromedp.WaitVisible(chromedp.CSS("#reset")))
			v.do("reset", chromedp.SendKeys(chromedp.CSS("#reset [name=token]"), mailedTo(t, mailbox, "reset")),
				chromedp.SendKeys(chromedp.CSS("#reset [name=password]"), "a third password"), chromedp.Click(chromedp.CSS("#reset button")))
			v.says("has reset", "The password is set. Log in with it.")
			v.logIn("ann@example.com", "a third password")
			v.says("third password", "You are logged in.")
			require.Empty(t, v.complaints.list(), "the browser's console")

			v.wantForeignFormRefused(t, site)
		})
	}
}

// wantForeignFormRefused checks that a form of another site's, posted in the
// browser that is logged in, changes nothing. Chromium would not send it the
// cookie, as it is "lax": so it is given one that is sent.
func (v *visit) wantForeignFormRefused(t *testing.T, site string) {
	t.Helper()
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<form id=f method=post action="%s/auth/cookie/logout"><button>Win a prize</button></form>`, site)
	}))
	t.Cleanup(foreign.Close)
	elsewhere := strings.Replace(foreign.URL, "127.0.0.1", "localhost", 1) // another site than 127.0.0.1
	v.do("foreign page", chromedp.Navigate(elsewhere), chromedp.WaitVisible(chromedp.CSS("#f")))
	v.do("foreign form", chromedp.Click(chromedp.CSS("#f button")), chromedp.WaitVisible(chromedp.CSS("pre")))
	v.reads("pre", `{"detail":"Unauthorized"}`) // the cookie stayed at home
	v.do("still there", chromedp.Navigate(site+"/"), chromedp.WaitVisible(chromedp.CSS("#member")))

	v.sendCookieEverywhere(t, site)
	v.do("foreign page again", chromedp.Navigate(elsewhere), chromedp.WaitVisible(chromedp.CSS("#f")))
	v.do("foreign form again", chromedp.Click(chromedp.CSS("#f button")), chromedp.WaitVisible(chromedp.CSS("pre")))
	v.reads("pre", `{"detail":"Forbidden"}`)
	v.do("still logged in", chromedp.Navigate(site+"/"), chromedp.WaitVisible(chromedp.CSS("#member")))
}

// mailedTo returns the token of the last mail of that kind in a mailbox.
func mailedTo(t *testing.T, mailbox, kind string) (token string) {
	t.Helper()
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(mailbox)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			var mail struct{ Kind, Token string }
			require.NoError(t, json.Unmarshal([]byte(line), &mail))
			if mail.Kind == kind {
				token = mail.Token
			}
		}
		return token != ""
	}, 10*time.Second, 10*time.Millisecond)
	return token
}

// buildQuickstart builds the program.
func buildQuickstart(t *testing.T) string { return buildExample(t, "quickstart") }

// buildExample returns the program of an example.
func buildExample(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = "../../examples/" + name
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// siteOf starts the quickstart and returns its URL.
func siteOf(t *testing.T, program, dir string, env ...string) string {
	t.Helper()
	printed := strings.Join(runQuickstart(t, program, dir, env...), "\n")
	url := regexp.MustCompile(`http://[\d.:]+`).FindString(printed)
	require.NotEmpty(t, url, printed)
	return url
}

// browsers are the names under which Chromium is installed.
var browsers = []string{"chromium", "chromium-browser", "google-chrome"}

// visit is a browser with one page.
type visit struct {
	t     *testing.T
	ctx   context.Context
	dir   string // where screenshots go
	steps int
	complaints
}

// complaints are what the browser's console says.
type complaints struct {
	mu  sync.Mutex
	all []string
}

func (c *complaints) add(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, text)
}

func (c *complaints) list() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

func openBrowser(t *testing.T) *visit {
	t.Helper()
	var program string
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		engine.Unavailable(t, "no Chromium (scripts/setup installs it)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.Flag("no-sandbox", os.Geteuid() == 0),
		chromedp.Flag("disable-features", "HttpsUpgrades"), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	v := &visit{t: t, ctx: ctx, dir: t.ArtifactDir()}
	require.NoError(t, chromedp.Listen(ctx, v.listen)) // starts it
	return v
}

// listen notes what the page complains about.
func (v *visit) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		v.complaints.add(e.ExceptionDetails.Text)
	case *browserlog.EventEntryAdded:
		if e.Entry.Source == browserlog.EntrySourceSecurity || e.Entry.Source == browserlog.EntrySourceJavascript {
			v.complaints.add(e.Entry.Text)
		}
	}
}

// do does a step and takes a picture of what it led to. A step that leads to
// another page ends with waiting for that: a picture that is taken while the
// browser goes there may never come.
func (v *visit) do(step string, actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	require.NoError(v.t, chromedp.Do(ctx, actions...), step)
	v.picture(step)
}

func (v *visit) picture(step string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	require.NoError(v.t, err, step)
	v.steps++
	name := fmt.Sprintf("%02d %s.png", v.steps, step)
	require.NoError(v.t, os.WriteFile(filepath.Join(v.dir, name), png, 0o644))
}

// says waits until the page says text.
func (v *visit) says(step, text string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf(`document.querySelector("#status").textContent === %q`, text)))
	v.picture(step)
	require.NoError(v.t, err, "%s: the page does not say %q", step, text)
}

// reads checks the text of an element.
func (v *visit) reads(selector, want string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
	require.NoError(v.t, err, selector)
	require.Equal(v.t, want, strings.TrimSpace(text), selector)
}

func (v *visit) logIn(email, password string) {
	v.t.Helper()
	v.do("log in", chromedp.WaitVisible(chromedp.CSS("#login")), chromedp.SetValue(chromedp.CSS("#login [name=username]"), email),
		chromedp.SetValue(chromedp.CSS("#login [name=password]"), password), chromedp.Click(chromedp.CSS("#login button")))
}

// sendCookieEverywhere has the browser send the session's cookie with foreign
// forms, too, as one without the attribute SameSite is in its first minutes.
func (v *visit) sendCookieEverywhere(t *testing.T, site string) {
	t.Helper()
	v.do("cookie", chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
		had, err := cdp.Call(ctx, page, network.GetCookies, network.GetCookiesParams{URLs: []string{site}})
		if err != nil {
			return err
		}
		cookies, yes := had.Cookies, true
		if len(cookies) != 1 || !cookies[0].HTTPOnly || !cookies[0].Secure || cookies[0].SameSite != network.CookieSameSiteLax {
			return fmt.Errorf("the cookies are %+v", cookies)
		}
		_, err = cdp.Call(ctx, page, network.SetCookie, network.SetCookieParams{
			Name: cookies[0].Name, Value: cookies[0].Value, URL: site, HTTPOnly: &yes, Secure: &yes,
		})
		return err
	}))
}
