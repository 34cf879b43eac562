// Package mongostore keeps users, the tokens of their sessions and their accounts
// at identity providers in MongoDB through [go.mongodb.org/mongo-driver/v2], in
// collections named users, tokens and accounts or as [Config] says.
//
//	type Member struct {
//		core.User `bson:",inline"`
//		Nickname  string `bson:"nickname"`
//	}
//
//	if err := mongostore.Migrate(ctx, db, mongostore.Config{}); err != nil {
//		return err
//	}
//	stores, err := mongostore.New[Member](db, mongostore.Config{})
//
// # What is kept
//
// A user is one document: the fields of the application's struct as package
// bson encodes them, whatever the client's own registry and options are. Three
// things are the store's. The _id is of the type that [IDs] says. As dates of
// BSON end at the millisecond, the microseconds of all dates of the document
// are beside them, in its field micros, by their paths. And in names and in the
// keys of maps, which may be what a user typed, a dollar sign is kept as %24, a
// dot as %2E and a percent sign as %25. A text that is no valid UTF-8 is refused.
//
// A token is a document whose _id is made of its purpose and digest. An account is
// one whose _id is made of its provider and subject. Whose it is, the user's
// document decides, which lists it in its field account_claims: an account that no
// user lists is nobody's.
//
// Fields of a user's document that the struct does not have are left as they
// are.
//
// # What is guaranteed
//
// Every method is one message to the server that changes one document, or
// several of which each stands for itself: no transactions are needed, and so
// no replica set. Update writes the fields that were altered, where the revision
// is still the one it read. Reads go to the primary, and a write is acknowledged
// when a majority has it, whatever the client is set up to.
//
// A token that is put is there before its user is looked for, and a user who is
// deleted is gone before the tokens are removed. So none outlives its user,
// unless one of the two is cut off in the middle: what is left then is a token
// of nobody's, which core refuses. Create removes such tokens when the
// application chooses an id that somebody had before. An account that was about to
// be linked when the program was cut off can be linked again after half a second.
//
// A primary that is cut off from the others may answer for some seconds, until it
// steps down, and accept a session that was ended on its successor meanwhile.
//
// There is no Joined: to find a session's user takes two messages. The $lookup
// stage would make them one, but what the tests run on has no such stage, and
// what was not tested is not offered.
package mongostore
