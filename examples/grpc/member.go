package main

import "github.com/gousher/usher/core"

// Member is this application's user.
type Member struct {
	core.User
	Nickname string
}

// What clients may read, set on registration, and change, over HTTP and gRPC.
type (
	memberRead struct {
		core.UserRead
		Nickname string `json:"nickname"`
	}
	memberCreate struct {
		core.UserCreate
		Nickname core.Optional[string] `json:"nickname"`
	}
	memberUpdate struct {
		core.UserUpdate
		Nickname core.Optional[string] `json:"nickname"`
	}
)

var schema = core.Schema[*Member]{
	Read:   core.Reading(func(u *Member) memberRead { return memberRead{core.ReadUser(u), u.Nickname} }),
	Create: core.Creating(func(in memberCreate) *Member { return &Member{Nickname: in.Nickname.Value} }),
	Update: core.Updating(func(in memberUpdate, u *Member) { in.Nickname.Apply(&u.Nickname) }),
}
