package contract

import (
	"fmt"
	"slices"
	"strings"
)

// Requests.

func post(path, body string, header ...string) string { return send("POST", path, body, header...) }
func get(path string, header ...string) string        { return send("GET", path, "", header...) }

// send is a request whose body, if it has one, is JSON.
func send(method, path, body string, header ...string) string {
	if body != "" {
		header = append([]string{"Content-Type: application/json"}, header...)
	}
	return strings.Join(append([]string{method + " " + path}, header...), "\n") + "\n\n" + body
}

// patch is a request to change what is at path, by the person who.
func patch(path, who, body string) string { return send("PATCH", path, body, as(who)) }

// as is a header that proves to be who.
func as(who string) string { return "Authorization: Bearer «jwt " + who + "»" }

// ask is a request without a body by the person who.
func ask(method, path, who string) string { return send(method, path, "", as(who)) }

func form(path, body string, header ...string) string {
	header = append([]string{"POST " + path, "Content-Type: application/x-www-form-urlencoded"}, header...)
	return strings.Join(header, "\n") + "\n\n" + body
}

// login logs in at the backend "jwt".
func login(username, password string) string {
	return form("/auth/jwt/login", "username="+username+"&password="+password)
}

// Answers.

// answer is what a JSON answer looks like, to the last header.
func answer(status int, body string, header ...string) string {
	lines := append(header, "Cache-Control: no-store", fmt.Sprintf("Content-Length: %d", sizeOf(body)), "Content-Type: application/json")
	slices.Sort(lines)
	return fmt.Sprintf("%d\n%s\n\n%s", status, strings.Join(lines, "\n"), body)
}

// sizeOf is the length of body with its placeholders filled: an id, or the
// token of a session in the store.
func sizeOf(body string) int {
	filled := strings.NewReplacer("«id»", nobody, "«same id»", nobody).Replace(body)
	return len(strings.ReplaceAll(filled, "«session»", strings.Repeat("x", 43)))
}

func refused(code string) string { return answer(400, `{"detail":"`+code+`"}`) }

// created is the answer to a registration without further fields.
func created(email string) string {
	return answer(201, `{"id":"«id»","email":"`+email+`","is_active":true,"is_superuser":false,"is_verified":false,"first_name":null,"shield":null}`)
}

// weak is the answer to a password that is refused for that reason.
func weak(code, reason string) string {
	return answer(400, `{"detail":{"code":"`+code+`","reason":"`+reason+`"}}`)
}

// invalid is the answer to a body that these are wrong with.
func invalid(list ...string) string { return answer(422, `{"detail":[`+strings.Join(list, ",")+`]}`) }

// notAllowed is the answer to a method that the route has not.
func notAllowed(allow string) string {
	return answer(405, `{"detail":"Method Not Allowed"}`, "Allow: "+allow)
}

// redirect is the answer to a slash too many.
func redirect(to string) string {
	return "307\nCache-Control: no-store\nContent-Length: 0\nLocation: " + to + "\n\n"
}

// The answers that many requests get.
var (
	null         = answer(200, "null")
	accepted     = answer(202, "null")
	noContent    = "204\nCache-Control: no-store\n\n"
	unauthorized = answer(401, `{"detail":"Unauthorized"}`)
	forbidden    = answer(403, `{"detail":"Forbidden"}`)
	notFound     = answer(404, `{"detail":"Not Found"}`)
	unreadable   = refused("There was an error parsing the body")
	badLogin     = refused("LOGIN_BAD_CREDENTIALS")
	tooLarge     = answer(413, `{"detail":"Request Entity Too Large"}`)
)

// missing is an error: there is no field of that name in the object input.
func missing(name, input string) string {
	return `{"type":"missing","loc":["body","` + name + `"],"msg":"Field required","input":` + input + `}`
}

// notEmail is an error: addr, in JSON, is no address for that reason.
func notEmail(addr, reason string) string {
	return `{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: ` + reason +
		`","input":` + addr + `,"ctx":{"reason":"` + reason + `"}}`
}

// notText is an error: the field name is no text but input.
func notText(name, input string) string {
	return `{"type":"string_type","loc":["body","` + name + `"],"msg":"Input should be a valid string","input":` + input + `}`
}

// syntax is an error: the body is no JSON, as can be told at offset.
func syntax(offset int, reason string) string {
	return fmt.Sprintf(`{"type":"json_invalid","loc":["body",%d],"msg":"JSON decode error","input":{},"ctx":{"error":"%s"}}`, offset, reason)
}

// notObject is an error: the body is input, in JSON.
func notObject(input string) string {
	return `{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":` + input + `}`
}
