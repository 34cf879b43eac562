package run

import (
	"context"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/redis/go-redis/v9"
)

// luaHook alters the scripts of commands, and their keys, before Redis sees
// them. After is called when a script was altered and has run.
type luaHook struct {
	script func(text string) string
	key    func(key string) string
	after  func(key string)
}

// noScript is what Redis answers to the hash of a script that it was not
// given: whoever sent it sends the text.
type noScript struct{}

func (noScript) Error() string { return "NOSCRIPT No matching script." }
func (noScript) RedisError()   {}

func (h luaHook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h luaHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			cmd.SetErr(noScript{})
			return noScript{}
		}
		key := h.alter(cmd)
		err := next(ctx, cmd)
		if key != "" && h.after != nil && err == nil {
			h.after(key)
		}
		return err
	}
}

func (h luaHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			h.alter(cmd)
		}
		return next(ctx, cmds)
	}
}

// alter alters a command, and returns the key of a script that it altered.
func (h luaHook) alter(cmd redis.Cmder) (key string) {
	args := cmd.Args()
	for i, arg := range args {
		text, ok := arg.(string)
		switch {
		case !ok || i == 0:
		case cmd.Name() == "eval" && i == 1 && h.script != nil:
			if args[i] = h.script(text); args[i] != text {
				key = args[3].(string)
			}
		case h.key != nil && strings.HasPrefix(text, "usher_test_"):
			args[i] = h.key(text)
		}
	}
	return key
}

// lua is a fault in the text of scripts.
type lua struct {
	name, kills string
	rewrite
}

// luaFault replaces old in scripts, in which it must occur.
func luaFault(t *testing.T, name, kills, old, with string) lua {
	l := lua{"Lua: " + name, kills, rewrite{old, with, new(atomic.Bool)}}
	t.Cleanup(func() {
		if !l.occurred.Load() {
			t.Errorf("mutant %q: no script has the text %q", name, old)
		}
	})
	return l
}

// hooked returns keys of one node, and a client whose commands are altered.
func hooked(t testing.TB, hook luaHook) (engine.Keys, redis.UniversalClient) {
	keys := engine.Redis(t)
	rdb := keys.Open(t, redis.UniversalOptions{})
	rdb.AddHook(hook)
	return keys, rdb
}

// mutantsOf makes a mutant of each fault.
func mutantsOf[S any](faults []lua, on func(t testing.TB, rdb redis.UniversalClient, keys engine.Keys) S) (list []mutant[S]) {
	for _, l := range faults {
		list = append(list, mutant[S]{l.name, l.kills, func(t testing.TB) S {
			keys, rdb := hooked(t, luaHook{script: l.apply})
			return on(t, rdb, keys)
		}})
	}
	return list
}

// luaTokens are mutants of the scripts of a store of tokens.
func luaTokens(t *testing.T) []mutant[stores] {
	const remove = "if value then\n  redis.call('DEL', KEYS[1])\nend"
	outside := luaFault(t, "reads, and removes outside of the script", "OT-01", remove, "")
	purposes := regexp.MustCompile(`:(token|user):[^:]*:`)
	list := []mutant[stores]{
		{outside.name, outside.kills, func(t testing.TB) stores {
			keys := engine.Redis(t)
			rdb := keys.Open(t, redis.UniversalOptions{})
			rdb.AddHook(luaHook{script: outside.apply, after: func(key string) {
				time.Sleep(time.Millisecond)
				rdb.Del(context.Background(), key)
			}})
			return redisTokensOf(t, rdb, keys)
		}},
		{"Lua: no purpose in the key", "OT-02", func(t testing.TB) stores {
			keys, rdb := hooked(t, luaHook{key: func(key string) string { return purposes.ReplaceAllString(key, ":$1:any:") }})
			return redisTokensOf(t, rdb, keys)
		}},
	}
	return append(list, mutantsOf([]lua{
		luaFault(t, "puts over what is there", "TK-02", "ARGV[1], 'NX', 'PX'", "ARGV[1], 'PX'"),
		luaFault(t, "shortens lives", "EX-01", "kept == '' or kept >= ARGV[1] then\n  return false", "kept == '' then\n  return false"),
		luaFault(t, "extends what is gone", "EX-02", "kept == '' or kept >= ARGV[1] then\n  return false", "kept >= ARGV[1] then\n  return false"),
		luaFault(t, "lowers the epoch", "RS-01", "kept < ARGV[1]", "kept ~= ARGV[1]"),
		luaFault(t, "restamps what is gone", "EX-03", "if kept == '' then\n  return 0\nend\nif kept", "if kept"),
		luaFault(t, "ends nothing", "SE-02", "~= ARGV[1] then\n  return 0\nend\nreturn redis.call('DEL', KEYS[1])", "~= ARGV[1] then\n  return 0\nend\nreturn 1"),
		luaFault(t, "ends what it thinks is another", "SE-02", "41, -1) ~= ARGV[1]", "1, 20) ~= ARGV[1]"),
		luaFault(t, "purges and keeps", "PU-01", "kept >= ARGV[1] then\n  return 0\nend\nreturn redis.call('DEL', KEYS[1])", "kept >= ARGV[1] then\n  return 0\nend\nreturn 1"),
		luaFault(t, "notes nothing of a user's tokens", "SE-01", "redis.call('ZADD', KEYS[1],", "string.format('%s%s',"),
		luaFault(t, "forgets a user's tokens soon", "SE-01", "'-inf', now)", "'-inf', now * 2)"),
	}, redisTokensOf)...)
}

// luaLimiters are mutants of the script of a limiter.
func luaLimiters(t *testing.T) []mutant[limiters] {
	return mutantsOf([]lua{
		luaFault(t, "does not look at what was counted", "OT-05", "redis.call('GET', KEYS[1]) or now", "now"),
		luaFault(t, "tells to wait for all events", "LM-02", "return wait", "return full - now"),
		luaFault(t, "counts what it refuses", "LM-03", "if wait > 0 then", "if wait > 0 then\n  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', 60000)"),
	}, redisLimiterOf)
}

// luaLegacy are mutants of the scripts that adopt.
func luaLegacy(t *testing.T) []mutant[conformance.Legacy] {
	return mutantsOf([]lua{
		luaFault(t, "adopts for ever", "LG-01", "redis.call('PTTL', KEYS[1])}", "-1}"),
		luaFault(t, "adopts over what is there", "LG-02", "'NX', 'PX', ARGV[2]", "'PX', ARGV[2]"),
	}, redisLegacyOf)
}

// luaAtRest are mutants that show in a dump.
func luaAtRest(t *testing.T) []mutant[conformance.AtRest] {
	return mutantsOf([]lua{
		luaFault(t, "keeps tokens without an expiry", "AR-01", ", 'NX', 'PX', ARGV[2])", ", 'NX')"),
		luaFault(t, "keeps notes without an expiry", "AR-01", "redis.call('PEXPIRE', KEYS[1], ARGV[2])", ""),
	}, redisAtRest)
}

// runLua tries the cases that the mutants name on each mutant, and on what is
// not altered, behind the same hook.
func runLua[S any](t *testing.T, port string, cases []conformance.Case[S], mutants []mutant[S],
	on func(t testing.TB, rdb redis.UniversalClient, keys engine.Keys) S) {
	t.Helper()
	original := func(t testing.TB) S {
		keys, rdb := hooked(t, luaHook{script: strings.Clone, key: strings.Clone})
		return on(t, rdb, keys)
	}
	cases = slices.DeleteFunc(cases, func(c conformance.Case[S]) bool {
		return !slices.ContainsFunc(mutants, func(m mutant[S]) bool { return m.kills == c.ID })
	})
	runMutants(t, port+" in Lua", cases, original, mutants)
}

func TestLuaMutants(t *testing.T) {
	engine.Redis(t) // or none of them says anything
	runLua(t, "TokenStore", conformance.TokenStoreCases(), luaTokens(t), redisTokensOf)
	runLua(t, "Limiter", conformance.LimiterCases(), luaLimiters(t), redisLimiterOf)
	runLua(t, "LegacyTokens", conformance.LegacyTokensCases(), luaLegacy(t), redisLegacyOf)
	runLua(t, "what is kept", conformance.AtRestCases(), luaAtRest(t), redisAtRest)
}
