// Command ferretdb runs FerretDB, which speaks the protocol of MongoDB, on
// SQLite databases in a directory. It prints the address at which it listens,
// and ends when its standard input does. Then it removes the directory, unless
// the input was "keep\n".
//
//	ferretdb DIRECTORY
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: ferretdb DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	data := url.URL{Scheme: "file", Path: dir + "/", RawQuery: "_pragma=synchronous(full)"}
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Handler:   "sqlite",
		SQLiteURL: data.String(),
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	var told []byte
	go func() {
		told, _ = io.ReadAll(os.Stdin)
		stop()
	}()
	go func() {
		at, err := url.Parse(db.MongoDBURI()) // once it listens
		if err != nil {
			panic(err)
		}
		fmt.Println(at.Host)
	}()
	if err := db.Run(ctx); err != nil || string(told) == "keep\n" {
		return err
	}
	return os.RemoveAll(dir)
}
