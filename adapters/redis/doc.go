// Package redisstore keeps the tokens of sessions in Redis through
// [github.com/redis/go-redis/v9]: on one server, behind Sentinel, or in a
// Redis Cluster. Users lie elsewhere.
//
//	stores, err := bunstore.New[Member](db, bunstore.Config{})
//	if err != nil {
//		return err
//	}
//	stores.Tokens, err = redisstore.New(rdb, redisstore.Config{})
//
// [NewLimiter] returns a limiter that processes share, and [NewLegacy] the
// sessions that FastAPI Users keeps in Redis.
//
// # What is kept
//
// A token is one key, in a slot of its own, and every operation on it is one
// Lua script or one command: it happens wholly or not at all, and of any
// number of callers one takes it. A command that must not run twice is not
// sent again when its answer is lost, whatever MaxRetries says.
//
//	usher:token:PURPOSE:{DIGEST}      a token
//	usher:user:PURPOSE:USER           the digests of a user's tokens
//	usher:adopted:PURPOSE:{DIGEST}    says that a token was adopted
//	usher:limit:KEY                   what a limiter has counted
//
// No key is without an expiry. That of a token is its own and ten minutes
// more: what has expired is refused by core's clock, and that of Redis decides
// only when its memory is free. A token that never expires is kept for ten
// years. So Redis forgets by itself what has expired, and Purge, which looks
// through every key of every master, need not be called.
//
// # What it does not promise
//
// The digests of a user's tokens are in another slot than the tokens, and no
// two slots change together. ListUser and EndUser go by them: where a process
// or a master dies between the two writes, EndUser may leave a session. What
// ends a user's sessions for certain is the session epoch of the user, which
// core raises in the store of the users at a change of password, a ban, or a
// log-out everywhere. Nor do tokens go with a user who is deleted: a session
// of nobody is refused.
//
// Redis answers before its replicas have what it wrote, and before its disk has
// it unless appendfsync is always. When a master fails, the last sessions may
// be lost: they are refused, and their users log in again. The end of a single
// session, by a log-out, may be lost as well, and the session lives on until it
// expires or the epoch is raised.
package redisstore
