package httpauth_test

import (
	"strings"
	"testing"
)

// login is a request to log in with an urlencoded body.
func login(body string) string {
	return "POST /auth/jwt/login\nContent-Type: application/x-www-form-urlencoded\n\n" + body
}

// multipartLogin is one with a multipart body whose lines end in CRLF. Each
// part is its header's parameters, an equals sign, and its content.
func multipartLogin(parts ...string) string {
	body := ""
	for _, p := range parts {
		params, content, _ := strings.Cut(p, "=>")
		body += "--B\nContent-Disposition: form-data; " + params + "\n\n" + content + "\n"
	}
	return multipartBody("multipart/form-data; boundary=B", body+"--B--\n")
}

func multipartBody(contentType, body string) string {
	return "POST /auth/jwt/login\nContent-Type: " + contentType + "\n\n" + strings.ReplaceAll(body, "\n", "\r\n")
}

const (
	noUsername = `{"type":"missing","loc":["body","username"],"msg":"Field required","input":null}`
	noPassword = `{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}`
)

var loggedIn = jsonAnswer(200, `{"access_token":"t1","token_type":"bearer"}`)

func TestLoginForm(t *testing.T) {
	pattern := func(input string) string {
		return `{"type":"string_pattern_mismatch","loc":["body","grant_type"],"msg":"String should match pattern '^password$'","input":"` +
			input + `","ctx":{"pattern":"^password$"}}`
	}
	const ok = "username=king%40camelot.bt&password=guinevere"
	run(t, []exchange{
		{"right", login(ok), loggedIn},
		{"empty", login(""), wrong(noUsername + "," + noPassword)},
		{"all fields", login("grant_type=password&scope=a+b&client_id=x&client_secret=y&" + ok), loggedIn},
		{"other fields", login("x=y&" + ok), loggedIn},
		{"empty username", login("username=&password=guinevere"), wrong(noUsername)},
		{"empty password", login("username=king&password="), wrong(noPassword)},
		{"no equals sign", login("username&password"), wrong(noUsername + "," + noPassword)},
		{"empty grant type", login("grant_type=&" + ok), loggedIn},
		{"grant type in upper case", login("grant_type=Password&" + ok), wrong(pattern("Password"))},
		{"grant type and a newline", login("grant_type=password%0A&" + ok), wrong(pattern(`password\n`))},
		{"errors in the order of the fields", login("grant_type=x"), wrong(pattern("x") + "," + noUsername + "," + noPassword)},
		{"last value wins", login("username=x&password=y&" + ok), loggedIn},
		{"last value wins, empty", login(ok + "&password="), wrong(noPassword)},
		{"escaped name", login("user%6eame=king%40camelot.bt&password=guinevere"), loggedIn},
		{"space before the address", login("username=+mordred%40nowhere&password=guinevere"), badLogin},
		{"percent sign without digits", login("username=%zz&password=%"), badLogin},
		{"invalid UTF-8", login("username=king%40camelot.bt&password=%ff"), badLogin},
		{"semicolon", login("username=king%40camelot.bt;password=guinevere"), wrong(noPassword)},
		{"empty pairs", login(strings.Repeat("&", 2000) + ok), loggedIn},
		{"1000 fields", login(strings.Repeat("a=b&", 998) + ok), loggedIn},
		{"1001 fields", login(strings.Repeat("a=b&", 999) + ok), jsonAnswer(400, `{"detail":"Too many fields. Maximum number of fields is 1000."}`)},
		{"query", "POST /auth/jwt/login?" + ok + "\nContent-Type: application/x-www-form-urlencoded", wrong(noUsername + "," + noPassword)},
		{"query beside the body", "POST /auth/jwt/login?username=x&password=y\nContent-Type: application/x-www-form-urlencoded\n\n" + ok, loggedIn},
		{"JSON", "POST /auth/jwt/login\nContent-Type: application/json\n\n{", wrong(noUsername + "," + noPassword)},
		{"no media type", "POST /auth/jwt/login\n\n" + ok, wrong(noUsername + "," + noPassword)},
		{"media type in upper case", "POST /auth/jwt/login\nContent-Type: Application/X-WWW-Form-Urlencoded\n\n" + ok, wrong(noUsername + "," + noPassword)},
		{"media type with a charset", "POST /auth/jwt/login\nContent-Type: application/x-www-form-urlencoded ; charset=latin-1\n\n" + ok, loggedIn},
	})
}

func TestMultipartLogin(t *testing.T) {
	const username, password = `name="username"=>king@camelot.bt`, `name="password"=>guinevere`
	file := func(field string) string {
		return `{"type":"string_type","loc":["body","` + field + `"],"msg":"Input should be a valid string","input":null}`
	}
	many := func(part string, n int) []string {
		return strings.Split(strings.Repeat(part+"\x00", n)+username, "\x00")
	}
	const noName = `{"detail":"The Content-Disposition header field \"name\" must be provided."}`
	run(t, []exchange{
		{"right", multipartLogin(username, password), loggedIn},
		{"empty body", multipartBody("multipart/form-data; boundary=B", ""), wrong(noUsername + "," + noPassword)},
		{"no part", multipartLogin(), wrong(noUsername + "," + noPassword)},
		{"name without quotes", multipartLogin("name=username=>king@camelot.bt", password), loggedIn},
		{"empty value", multipartLogin(`name="username"=>`, password), wrong(noUsername)},
		{"last value wins", multipartLogin(`name="username"=>x`, username, password), loggedIn},
		{"nothing is decoded", multipartLogin(`name="username"=>king%40camelot.bt`, password), badLogin},
		{"after the end", multipartLogin(username, password) + "more", loggedIn},
		{"file", multipartLogin(`name="username"; filename="x"=>king@camelot.bt`, password), wrong(file("username"))},
		{"file without a name", multipartLogin(username, `name="password"; filename=""=>guinevere`), wrong(file("password"))},
		{"files in the order of the fields", multipartLogin(`name="client_secret"; filename="x"=>a`, `name="client_id"; filename="x"=>a`,
			`name="scope"; filename="x"=>a`, `name="grant_type"; filename="x"=>a`),
			wrong(strings.Join([]string{file("grant_type"), noUsername, noPassword, file("scope"), file("client_id"), file("client_secret")}, ","))},
		{"value after a file", multipartLogin(`name="username"; filename="x"=>a`, username, password), loggedIn},
		{"other file", multipartLogin(`name="x"; filename="x"=>a`, username, password), loggedIn},
		{"no name", multipartLogin("=>x"), jsonAnswer(400, noName)},
		{"no disposition", multipartBody("multipart/form-data; boundary=B", "--B\nContent-Type: text/plain\n\nx\n--B--\n"), jsonAnswer(400, noName)},
		{"cut off", multipartBody("multipart/form-data; boundary=B", "--B\nContent-Disposition: form-data; name=\"username\"\n\nx\n--B\nContent-Disposition: form-data; name=\"password\"\n\ny"), wrong(noPassword)},
		{"1000 fields", multipartLogin(many(`name="a"=>1`, 999)...), wrong(noPassword)},
		{"1001 fields", multipartLogin(many(`name="a"=>1`, 1000)...), jsonAnswer(400, `{"detail":"Too many fields. Maximum number of fields is 1000."}`)},
		{"1001 files", multipartLogin(many(`name="a"; filename="b"=>1`, 1001)...), jsonAnswer(400, `{"detail":"Too many files. Maximum number of files is 1000."}`)},
		{"no boundary", multipartBody("multipart/form-data", "--B--\n"), jsonAnswer(400, `{"detail":"Missing boundary in multipart."}`)},
		{"empty boundary", multipartBody("multipart/form-data; boundary=", "--B--\n"), jsonAnswer(400, `{"detail":"Missing boundary in multipart."}`)},
		{"other boundary", multipartBody("multipart/form-data; boundary=B", "--C--\n"), unreadable},
		{"no multipart at all", multipartBody("multipart/form-data; boundary=B", "hello"), unreadable},
		{"text before the first part", multipartBody("multipart/form-data; boundary=B", "hello\n--B--\n"), unreadable},
		{"broken header", multipartBody("multipart/form-data; boundary=B", "--B\nhello\n\nx\n--B--\n"), unreadable},
		{"bare newlines", "POST /auth/jwt/login\nContent-Type: multipart/form-data; boundary=B\n\n--B\nContent-Disposition: form-data; name=\"username\"\n\nx\n--B--\n", unreadable},
		{"media type in upper case", multipartBody("Multipart/Form-Data; boundary=B", "--B--\n"), wrong(noUsername + "," + noPassword)},
	})
}
