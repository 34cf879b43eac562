package run

import (
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// mongoFault is a fault in commands of MongoDB: of those that begin with of, in
// Extended JSON, what matches old is replaced.
type mongoFault struct {
	name, kills string
	of          string
	old         *regexp.Regexp
	with        string
	occurred    *atomic.Bool
}

// commandFault is a fault, in whose text at must occur.
func commandFault(t *testing.T, name, kills, of, old, with string) mongoFault {
	f := mongoFault{"Mongo: " + name, kills, of, regexp.MustCompile(old), with, new(atomic.Bool)}
	t.Cleanup(func() {
		if !f.occurred.Load() {
			t.Errorf("mutant %q: no command has what %s matches", name, old)
		}
	})
	return f
}

func (f mongoFault) apply(command string) string {
	if !strings.HasPrefix(command, f.of) {
		return command
	}
	altered := f.old.ReplaceAllString(command, f.with)
	if altered != command {
		f.occurred.Store(true)
	}
	return altered
}

// alteredMongo returns stores whose commands are altered.
func alteredMongo(t testing.TB, alter func(command string) string) stores {
	t.Helper()
	uri := engine.Altered(t, engine.FerretDB(t), alter)
	return mongoStores(t, mongoOn(t, uri, options.Client()), mongostore.UUIDs)
}

// runCommands tries on each fault the case that it names, and all of those on what
// is not altered, behind the same proxy.
func runCommands[S any](t *testing.T, port string, cases []conformance.Case[S], of func(stores) S, faults []mongoFault) {
	t.Helper()
	var mutants []mutant[S]
	for _, f := range faults {
		mutants = append(mutants, mutant[S]{f.name, f.kills, func(t testing.TB) S { return of(alteredMongo(t, f.apply)) }})
	}
	original := func(t testing.TB) S { return of(alteredMongo(t, strings.Clone)) }
	cases = slices.DeleteFunc(cases, func(c conformance.Case[S]) bool {
		return !slices.ContainsFunc(mutants, func(m mutant[S]) bool { return m.kills == c.ID })
	})
	runNamedMutants(t, port+" in commands of MongoDB", cases, original, mutants)
}

// The values of fields in canonical Extended JSON.
const (
	number = `\{"\$number(Int|Long)":"-?\d+"\}`
	uuid   = `\{"\$binary":\{[^{}]*\}\}`
)

func TestMongoMutants(t *testing.T) {
	engine.FerretDB(t) // or none of them says anything
	itself := func(s stores) stores { return s }
	const (
		updateUser, updateToken = `{"update":"users"`, `{"update":"tokens"`
		deleteTokens            = `{"delete":"tokens"`
	)
	runCommands(t, "UserStore", conformance.UserStoreCases(), func(s stores) users { return s.Users }, []mongoFault{
		commandFault(t, "updates whatever the revision is", "CR-05", updateUser, `,"revision":`+number+`\}`, `}`),
		commandFault(t, "does not count the revision", "UP-02", updateUser, `,"\$inc":\{"revision":`+number+`\}`, ``),
		commandFault(t, "writes no null", "CR-02b", updateUser, `"motto":null,`, ``),
		commandFault(t, "no unique index", "ID-01", `{"createIndexes":"users"`, `"unique":true`, `"unique":false`),
		commandFault(t, "dates without microseconds", "TM-01", `{"insert":"users"`, `,"micros":\{("\w+":`+number+`,?)*\}`, ``),
	})
	runCommands(t, "UserLister", conformance.UserListerCases(), itself, []mongoFault{
		commandFault(t, "pages overlap", "QU-01", `{"find":"users"`, `"\$gt":`, `"$$gte":`),
		commandFault(t, "pages in no order", "QU-01b", `{"find":"users"`, `"sort":\{"_id":`, `"sort":{"email_key":`),
	})
	runCommands(t, "TokenStore", conformance.TokenStoreCases(), itself, []mongoFault{
		commandFault(t, "takes and leaves it there", "OT-01", `{"findAndModify":"tokens"`, `"remove":true`, `"update":{"$$set":{"taken":true}}`),
		commandFault(t, "no purpose in the key", "OT-02", `{`, `"_id":"[^":]*:`, `"_id":"any:`),
		commandFault(t, "shortens lives", "EX-01", updateToken, `"expires":\{"\$lt":`+number+`\}`, `"expires":{"$$exists":true}`),
		commandFault(t, "extends what never ends", "EX-02", updateToken, `,"expires":\{"\$lt":`+number+`\}`, ``),
		commandFault(t, "extends what is gone", "EX-03", updateToken, `"u":(.*"expires_at".*\})\}\]`, `"u":$1,"upsert":true}]`),
		commandFault(t, "lowers the epoch", "RS-01", updateToken, `"\$max"`, `"$$set"`),
		commandFault(t, "spares no family", "SE-02", deleteTokens, `,"family":\{"\$ne":"[^"]*"\}`, ``),
		commandFault(t, "ends the tokens of every purpose", "SE-02", deleteTokens, `,"purpose":"[^"]*"`, ``),
		commandFault(t, "the oldest first", "SE-01", `{"find":"tokens"`, `"created":\{"\$numberInt":"-1"\}`, `"created":{"$$numberInt":"1"}`),
		commandFault(t, "purges what expires now", "PU-01", `{`, `"expires":\{"\$lt":`, `"expires":{"$$lte":`),
	})
	runCommands(t, "AccountStore", conformance.AccountStoreCases(), itself, []mongoFault{
		commandFault(t, "links whatever the user's revision is", "AC-08", updateUser, `,"revision":`+number+`\}(.*"\$push")`, `}$2`),
		commandFault(t, "unlinks whatever the user's revision is", "ID-10", updateUser, `,"revision":`+number+`\}(.*"\$pull")`, `}$2`),
		commandFault(t, "writes whatever the account's revision is", "AC-10", `{"update":"accounts"`, `,"revision":`+number+`\},"u"`, `},"u"`),
		commandFault(t, "does not look who lists a claim", "AC-07", `{"find":"users"`, `"account_claims":(\{[^{}]*\}.*"projection")`, `"nobody":$1`),
	})
	runCommands(t, "Together", conformance.TogetherCases(), itself, []mongoFault{
		commandFault(t, "leaves the tokens of who is deleted", "CR-08", deleteTokens, `"q":\{"user_id":`+uuid+`\}`, `"q":{"_id":"nothing"}`),
		commandFault(t, "leaves the token of nobody", "SU-03", deleteTokens, `"q":\{"_id":"[^"]*"\}`, `"q":{"_id":"nothing"}`),
	})
}
